from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import PATIENCE_S, wait_for

from talkies.errors import BadPicture
from talkies.inputs.gate import decode_picture
from talkies.inputs.sandbox import Sandbox
from talkies.media import Frame

MEMORY_BYTES = 2**30


def encode(format_name: str, width: int = 320, height: int = 240, **options: object) -> bytes:
    rows = np.linspace(0, 255, height, dtype=np.uint8)[:, None, None]
    columns = np.linspace(0, 255, width, dtype=np.uint8)[None, :, None]
    pixels = np.concatenate(np.broadcast_arrays(rows, columns, 255 - rows), axis=2)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format_name, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def costly() -> bytes:
    """A picture that takes some tenths of a second and 100 MB to decode."""
    return encode("JPEG", 4400, 3600, progressive=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox:
        yield sandbox


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def forker_of_this_process() -> int:
    """The process that the sandbox at work has started last."""
    named = [
        child
        for child in children_of(os.getpid())
        if b"talkies.inputs.decoder" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return named[-1]


def is_alive(process: int) -> bool:
    """Whether a process holds memory: one that ends gives it back before anything else."""
    try:
        return not Path(f"/proc/{process}/statm").read_text().startswith("0 ")
    except (FileNotFoundError, ProcessLookupError):
        return False


def living_children_of(process: int) -> list[int]:
    return list(filter(is_alive, children_of(process)))


def begun_children_of(forker: int) -> list[int]:
    """The children that have begun to decode: they have closed themselves in."""
    begun = []
    for child in living_children_of(forker):
        with suppress(ProcessLookupError):
            if resource.prlimit(child, resource.RLIMIT_NOFILE) == (0, 0):
                begun.append(child)
    return begun


def strike(sandbox: Sandbox, picture: bytes, blow: Callable[[int], None]) -> None:
    """Strike the decoder of a picture at its work, until that makes the decode fail.

    On a busy machine the decoder may be done before the blow falls.
    """
    for _ in range(20):
        with ThreadPoolExecutor(1) as pool:
            sandbox.decode(encode("PNG"), "image")
            forker = forker_of_this_process()
            decoding = pool.submit(sandbox.decode, picture, "image")
            wait_for(lambda: begun_children_of(forker) or decoding.done(), every_s=0.002)  # noqa: B023
            for child in begun_children_of(forker):
                with suppress(ProcessLookupError, FileNotFoundError):
                    blow(child)
            decoding.result(PATIENCE_S)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"])
def test_the_sandbox_gives_the_very_frame_that_the_gate_gives(sandbox: Sandbox, format_name: str) -> None:
    data = encode(format_name)

    frame = sandbox.decode(data, "image")

    assert frame.dtype == np.uint8
    assert np.array_equal(frame, decode_picture(data, parameter="image"))


def test_a_refusal_of_the_gate_comes_through_with_parameter_and_reason(sandbox: Sandbox) -> None:
    with pytest.raises(BadPicture) as outside:
        sandbox.decode(b"<html>", "last_frame_image")
    with pytest.raises(BadPicture) as inside:
        decode_picture(b"<html>", parameter="last_frame_image")

    assert str(outside.value) == str(inside.value)
    assert (outside.value.parameter, outside.value.reason) == ("last_frame_image", inside.value.reason)


def test_pictures_decoded_side_by_side_are_not_mixed_up(sandbox: Sandbox) -> None:
    shades = list(range(0, 240, 10))

    def decode_shade(shade: int) -> Frame:
        stream = io.BytesIO()
        Image.new("RGB", (100, 100), (shade, shade, shade)).save(stream, "PNG")
        return sandbox.decode(stream.getvalue(), "image")

    with ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(decode_shade, shades))

    assert [int(frame.mean()) for frame in frames] == shades


def test_a_warm_decode_takes_a_small_part_of_the_first() -> None:
    data = encode("JPEG", 640, 480)
    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox:

        def once() -> float:
            began = time.perf_counter()
            sandbox.decode(data, "image")
            return time.perf_counter() - began

        first_s = once()
        warm_s = min(once() for _ in range(10))

    print(f"first {first_s:.3f} s, warm {warm_s:.3f} s")
    assert warm_s < first_s / 5


def test_a_picture_that_needs_more_memory_than_allowed_is_refused(costly: bytes) -> None:
    with Sandbox(2**26, cpu_s=10) as small:
        with pytest.raises(BadPicture) as refused:
            small.decode(costly, "image")

        assert refused.value.reason in {"too_costly", "damaged"}, "libjpeg may call it a broken stream"
        assert small.decode(encode("PNG"), "image").shape == (240, 320, 3), "the next picture is unaffected"


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
def test_a_decoder_that_is_killed_is_a_bad_picture_and_the_next_is_unaffected(
    costly: bytes, ending: signal.Signals
) -> None:
    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox:
        with pytest.raises(BadPicture, match="cannot be decoded within"):
            strike(sandbox, costly, lambda child: os.kill(child, ending))

        assert sandbox.decode(encode("PNG"), "image").shape == (240, 320, 3)


def test_a_decoder_that_hangs_is_killed_when_its_time_is_over(costly: bytes) -> None:
    stopped: list[int] = []

    def stop(child: int) -> None:
        os.kill(child, signal.SIGSTOP)
        stopped.append(child)

    with Sandbox(MEMORY_BYTES, cpu_s=1) as sandbox:
        with pytest.raises(BadPicture, match="cannot be decoded within"):
            strike(sandbox, costly, stop)
        wait_for(lambda: not is_alive(stopped[-1]))


def test_the_decoder_is_limited_in_memory_time_files_and_connections(costly: bytes) -> None:
    names = ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_AS", "RLIMIT_CPU")
    limits: dict[str, tuple[int, int]] = {}
    sessions: list[int] = []
    variables: list[bytes] = []

    def look_and_kill(child: int) -> None:
        limits.update({name: resource.prlimit(child, getattr(resource, name)) for name in names})
        sessions.append(os.getsid(child))
        variables.append(Path(f"/proc/{child}/environ").read_bytes())
        os.kill(child, signal.SIGKILL)

    with Sandbox(MEMORY_BYTES, cpu_s=7) as sandbox, pytest.raises(BadPicture):
        strike(sandbox, costly, look_and_kill)

    assert limits["RLIMIT_NOFILE"] == limits["RLIMIT_FSIZE"] == limits["RLIMIT_CORE"] == (0, 0)
    assert limits["RLIMIT_CPU"] == (7, 7)
    assert MEMORY_BYTES < limits["RLIMIT_AS"][1] < MEMORY_BYTES + 2**29
    assert sessions[-1] != os.getsid(0)
    assert b"HOME" not in variables[-1]


def test_a_forker_that_died_is_started_anew() -> None:
    with Sandbox(MEMORY_BYTES, cpu_s=10) as sandbox:
        sandbox.decode(encode("PNG"), "image")
        forker = forker_of_this_process()
        os.kill(forker, signal.SIGKILL)
        wait_for(lambda: not is_alive(forker))

        assert sandbox.decode(encode("PNG"), "image").shape == (240, 320, 3)


def test_closing_ends_every_process_also_one_at_work(costly: bytes) -> None:
    sandbox = Sandbox(MEMORY_BYTES, cpu_s=10)
    processes: list[int] = []

    def close(child: int) -> None:
        processes[:] = forker_of_this_process(), child
        sandbox.close()

    with pytest.raises(BadPicture):
        strike(sandbox, costly, close)

    wait_for(lambda: not any(map(is_alive, processes)))


def test_a_program_that_is_killed_leaves_no_process_behind() -> None:
    script = """
import os, sys, time
from pathlib import Path
from talkies.inputs.sandbox import Sandbox
from talkies.errors import BadPicture
sandbox = Sandbox(2**30, 10)
try:
    sandbox.decode(b"", "image")
except BadPicture:
    print(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(), flush=True)
time.sleep(60)
"""
    program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None
        forker = int(program.stdout.readline())
        program.kill()

    wait_for(lambda: not is_alive(forker))


def test_at_most_two_pictures_are_decoded_at_once(costly: bytes) -> None:
    seen: list[int] = []
    with Sandbox(MEMORY_BYTES, cpu_s=10, at_once=2) as sandbox:
        sandbox.decode(encode("PNG"), "image")
        forker = forker_of_this_process()
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.01):
                seen.append(len(living_children_of(forker)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(sandbox.decode, [costly] * 4, ["image"] * 4))
        over.set()
        watcher.join()

    assert max(seen) == 2
