"""Comparisons in one run on one machine; see `bench/__main__.py`."""

import talkies

__all__ = ["talkies"]  # loaded first: it sets what numeric libraries read when they are loaded
