"""The robustness matrix has 68 rows, and each is tested under its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROWS = 68
ROW_OF_TEST = re.compile(r"^ *def test_row_(\d\d)_", re.MULTILINE)


def test_every_row_of_the_robustness_matrix_has_a_test() -> None:
    files = TESTS.glob("*/test_*.py")

    rows = {int(number) for file in files for number in ROW_OF_TEST.findall(file.read_text("utf-8"))}

    assert rows == set(range(1, ROWS + 1))
