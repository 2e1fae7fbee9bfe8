"""Where one shot ends and the next begins: speech has the time that it needs, and cuts fall on beats."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from talkies.engines.animatic.planning.rehearsal import Scene
from talkies.engines.animatic.sound.metre import Metre
from talkies.spec import FRAME_RATE

_FURTHEST = int(0.35 * FRAME_RATE)  # frames that a cut is moved to meet a beat: less than anybody would miss


def share_time(scenes: Sequence[Scene], duration_s: int) -> list[int]:
    """Give each shot what it cannot do without, then what it would like, and share what is left by that.

    A shot whose length the prompt tells takes nothing of what is left, as long as there is another.
    Returns the frame numbers at which the shots start, and last the frame count of the clip.
    """
    spare = max(duration_s - sum(scene.least_s for scene in scenes), 0.0)
    wishes = [scene.wanted_s - scene.least_s for scene in scenes]
    granted = min(spare / max(sum(wishes), 1e-9), 1.0)
    left = max(spare - sum(wishes), 0.0)
    open_s = [scene.wanted_s if scene.shot.seconds is None else 0.0 for scene in scenes]
    weights = open_s if any(open_s) else [scene.wanted_s for scene in scenes]
    edges, end_s = [0], 0.0
    for scene, wish, weight in zip(scenes, wishes, weights, strict=True):
        end_s += scene.least_s + granted * wish + left * weight / sum(weights)
        edges.append(round(end_s * FRAME_RATE))
    edges[-1] = duration_s * FRAME_RATE
    return edges


def cut_on_beats(edges: Sequence[int], scenes: Sequence[Scene], beats: Metre) -> list[int]:
    """Move the edges between shots to beats, to the first of a bar where one is near.

    An edge stays where the shots beside it need their time for speech, and where the prompt says how long
    one of them lasts. `edges` and the result are as `share_time` returns them.
    """
    moved = [edges[0]]
    for number in range(1, len(edges) - 1):
        before, after = scenes[number - 1], scenes[number]
        low = max(edges[number] - _FURTHEST, moved[-1] + _least(before))
        high = min(edges[number] + _FURTHEST, edges[number + 1] - _least(after))
        timed = before.shot.seconds is not None or after.shot.seconds is not None
        moved.append(edges[number] if timed else _nearest_beat(edges[number], low, high, beats))
    return [*moved, edges[-1]]


def _nearest_beat(edge: int, low: int, high: int, beats: Metre) -> int:
    span = low / FRAME_RATE, high / FRAME_RATE
    on_beat = [round(moment_s * FRAME_RATE) for moment_s in beats.downbeats(*span) or beats.beats(*span)]
    return min(on_beat, key=lambda frame: abs(frame - edge), default=edge)


def _least(scene: Scene) -> int:
    return ceil(scene.least_s * FRAME_RATE)
