"""`python -m bench [PART ...]`: figures of this machine in this run, in `bench/results/PART.json`.

Ratios are what to compare, seconds and megabytes are for orientation. Without a name it runs the parts of
`make bench`. The exit status is 1 when a figure misses its aim.
"""

from __future__ import annotations

import argparse
import importlib
import sys

PARTS = ("speed", "service")  # of `make bench`
BY_HAND = ("soak", "quality")  # take long; the soak wants the machine for itself


def main() -> None:
    """Run the parts one after the other, each to its end."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join((*PARTS, *BY_HAND))}")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long the soak lasts (default 20)")
    parser.add_argument("--cases", default="", metavar="NAME,...", help="of quality (default all)")
    parser.add_argument("--fast", action="store_true", help="quality: only the cases of `make test`")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - {*PARTS, *BY_HAND}
    if unknown:
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; use {', '.join((*PARTS, *BY_HAND))}")
    missed = [part for part in chosen.parts or PARTS if not _run(part, chosen)]
    if missed:
        sys.exit(f"an aim is missed: {', '.join(missed)}")


def _run(part: str, chosen: argparse.Namespace) -> bool:
    """Run a part; tell whether its aims are met.

    It is imported only now: what one part imports counts in the memory of another one's children.
    """
    module = importlib.import_module(f"bench.{part}")
    options: dict[str, dict[str, object]] = {
        "soak": {"minutes": chosen.minutes},
        "quality": {"chosen": [name for name in chosen.cases.split(",") if name], "fast": chosen.fast},
    }
    is_met: bool = module.run(**options.get(part, {}))
    return is_met


if __name__ == "__main__":
    main()
