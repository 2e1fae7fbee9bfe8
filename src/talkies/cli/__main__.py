"""`python -m talkies.cli`: the command line without its script."""

from __future__ import annotations

from talkies.cli import main

main()
