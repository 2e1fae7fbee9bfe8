"""Comparisons in one run on one machine; see `bench/__main__.py`."""
