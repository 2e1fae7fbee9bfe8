"""The fixed set of pictures and prompts, and how a case becomes a clip."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from talkies.inputs import decode_picture, read_picture_file
from talkies.media import Frame, Inputs
from talkies.spec import PictureFacts, Resolution, Spec, settle

_FOLDER = Path(__file__).parent
_PICTURES = _FOLDER.parent / "pictures"
_EXAMPLES = _FOLDER.parent.parent / "examples"
SEED = 7
RESOLUTION: Resolution = "480p"


@dataclass(frozen=True)
class Case:
    """A picture (or two), a prompt, and what the clip is for.

    `place` is where in the picture the speaker is ("left", "right"), None for the largest face. `flashes`:
    the prompt asks for light that flickers or flashes, so that steady light is no aim.
    """

    name: str
    kind: str
    picture: str
    prompt: str
    last_picture: str | None = None
    place: str | None = None
    flashes: bool = False
    seconds: int = 5


@cache
def all_cases() -> tuple[Case, ...]:
    """Read the set from `cases.toml`, in its order."""
    table = tomllib.loads((_FOLDER / "cases.toml").read_text(encoding="utf-8"))
    return tuple(Case(**entry) for entry in table["case"])


def request(case: Case) -> tuple[Spec, Inputs]:
    """Settle a case's spec and read its pictures."""
    first, first_facts = _picture(case.picture)
    last, last_facts = _picture(case.last_picture) if case.last_picture else (None, None)
    spec = settle(
        prompt=case.prompt,
        first_frame=first_facts,
        last_frame=last_facts,
        resolution=RESOLUTION,
        duration=case.seconds,
        seed=SEED,
    )
    return spec, Inputs(first_frame=first, last_frame=last)


def _picture(name: str) -> tuple[Frame, PictureFacts]:
    path = _PICTURES / f"{name}.jpg"
    data = read_picture_file(path if path.exists() else _EXAMPLES / path.name, "first_frame")
    frame = decode_picture(data)
    return frame, PictureFacts(sha256(data).hexdigest(), frame.shape[1], frame.shape[0])
