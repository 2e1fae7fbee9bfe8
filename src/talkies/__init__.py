"""talkies: self-hosted image-to-video with sound.

>>> import talkies
>>> sorted(talkies.__all__)
['Inputs', 'Plan', 'Script', 'Spec', 'TalkiesError', 'find_engine', 'make_plan', 'produce', 'read', 'settle']
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talkies.engines import find_engine
    from talkies.errors import TalkiesError
    from talkies.media import Inputs
    from talkies.plan import Plan
    from talkies.production import make_plan, produce
    from talkies.script import Script, read
    from talkies.spec import Spec, settle

__all__ = [
    "Inputs",
    "Plan",
    "Script",
    "Spec",
    "TalkiesError",
    "find_engine",
    "make_plan",
    "produce",
    "read",
    "settle",
]

_HOMES = {
    "Inputs": "media",
    "Plan": "plan",
    "Script": "script",
    "Spec": "spec",
    "TalkiesError": "errors",
    "find_engine": "engines",
    "make_plan": "production",
    "produce": "production",
    "read": "script",
    "settle": "spec",
}

# Between their calls the threads of OpenCV and of OpenBLAS, which multiplies NumPy's and SciPy's matrices,
# would spin on cores that filming and the encoder need: with each a clip took a tenth longer. All of them
# read these when they are loaded.
for _variable, _value in (
    ("OPENCV_THREAD_POOL_ACTIVE_WAIT_MAIN", "0"),
    ("OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER", "0"),
    ("OPENBLAS_NUM_THREADS", "1"),
):
    os.environ.setdefault(_variable, _value)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `import talkies` is cheap."""
    if name in _HOMES:
        return getattr(import_module(f"talkies.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'talkies' has no attribute {name!r}")
