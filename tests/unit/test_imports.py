"""What importing the package settles for the numeric libraries that are loaded after it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT_THREADS = """
import os, talkies, numpy, scipy.linalg
large = numpy.ones((400, 400))
large @ large
scipy.linalg.inv(large + numpy.eye(400))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux lists threads there")
def test_products_of_matrices_start_no_threads() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}

    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "1"
