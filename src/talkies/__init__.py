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

# Between its calls OpenCV's threads would spin, on cores that the encoder needs: a clip took a tenth longer.
# It reads this when it is loaded.
for _thread in ("MAIN", "WORKER"):
    os.environ.setdefault(f"OPENCV_THREAD_POOL_ACTIVE_WAIT_{_thread}", "0")


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `import talkies` is cheap."""
    if name in _HOMES:
        return getattr(import_module(f"talkies.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'talkies' has no attribute {name!r}")
