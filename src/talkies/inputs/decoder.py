"""The process behind `sandbox`: imports the decoders once, then forks a fresh, limited child per picture.

Run as `python -I -m talkies.inputs.decoder SOCKET MEMORY_BYTES CPU_S WALL_S`. Over SOCKET it receives one
end of a socket pair per picture. The child says that it is ready, reads a line of JSON and the picture's
bytes, answers with a line of JSON and the pixels, and ends: no picture ever meets what an earlier one left
behind.
"""

from __future__ import annotations

import io
import json
import os
import resource
import select
import signal
import socket
import sys
import time

import numpy as np

from talkies.errors import BadPicture
from talkies.inputs.gate import decode_picture
from talkies.media import Frame

READY = b"+"  # of the process once it can fork, and of each child once it listens
HEADER_LIMIT = 65_536  # bytes of a header line
LOOK_S = 0.5  # how often the living children are looked at


def serve(control: socket.socket, memory_bytes: int, cpu_s: int, wall_s: float) -> None:
    """Fork a child for every socket that arrives, until the other side closes; kill those over their time."""
    control.send(READY)
    ends: dict[int, float] = {}
    while True:
        arrived, _, _ = select.select([control], [], [], LOOK_S if ends else None)
        if arrived:
            _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not descriptors:
                break
            ends[_fork(control, descriptors[0], memory_bytes, cpu_s, wall_s)] = time.monotonic() + wall_s
        _reap(ends)
    for child in ends:
        os.kill(child, signal.SIGKILL)


def _fork(control: socket.socket, descriptor: int, memory_bytes: int, cpu_s: int, wall_s: float) -> int:
    child = os.fork()
    if child:
        os.close(descriptor)
        return child
    try:
        control.close()
        _limit(memory_bytes, cpu_s, wall_s)
        connection = socket.socket(fileno=descriptor)
        connection.send(READY)
        _answer(connection.makefile("rwb"))
    finally:
        # Without the clean-up of the process that it is a copy of, and with the connection still open: the
        # kernel frees the memory first and closes it then, which tells the other side that the place is free.
        os._exit(0)


def _limit(memory_bytes: int, cpu_s: int, wall_s: float) -> None:
    """Bound what decoding may take: memory beyond what the imports hold, time, no file, no connection."""
    held_bytes = int(_first_line("/proc/self/statm").split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: held_bytes + memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,  # what is open stays open; a new file or socket cannot be opened
    }
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    signal.setitimer(signal.ITIMER_REAL, wall_s)  # its signal ends the process


def _first_line(path: str) -> str:
    with open(path, encoding="ascii") as file:  # noqa: PTH123  (a path object is dearer than the read)
        return file.readline()


def _answer(stream: io.BufferedRWPair) -> None:
    request = json.loads(stream.readline(HEADER_LIMIT))
    try:
        frame = _decode(stream.read(request["size"]), request["parameter"])
    except BadPicture as bad:
        stream.write(_line({"message": str(bad), "reason": bad.reason}))
    else:
        height, width, _ = frame.shape
        stream.write(_line({"height": height, "width": width}))
        stream.write(frame.data.cast("B"))
    stream.flush()


def _decode(data: bytes, parameter: str) -> Frame:
    try:
        return np.ascontiguousarray(decode_picture(data, parameter=parameter), np.uint8)
    except BadPicture:
        raise
    except MemoryError:
        raise BadPicture(
            f"{parameter}: takes too much memory to decode; send a smaller picture", parameter, "too_costly"
        ) from None
    except Exception as error:  # damaged data makes decoders raise anything
        raise BadPicture(f"{parameter}: damaged; send an undamaged picture", parameter, "damaged") from error


def _line(header: dict[str, object]) -> bytes:
    return json.dumps(header).encode("ascii") + b"\n"


def _reap(ends: dict[int, float]) -> None:
    for child in list(ends):
        if os.waitpid(child, os.WNOHANG)[0]:
            del ends[child]
        elif time.monotonic() > ends[child]:
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    serve(
        socket.socket(fileno=int(sys.argv[1])),
        memory_bytes=int(sys.argv[2]),
        cpu_s=int(sys.argv[3]),
        wall_s=float(sys.argv[4]),
    )
