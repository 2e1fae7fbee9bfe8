"""How the commands speak: sentences on stderr, progress, exit codes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from talkies.errors import BadRequest, BadVideo, TalkiesError
from talkies.media import Tick, no_tick
from talkies.progress import Meter, words_of

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

talk = Console(stderr=True, highlight=False)


def complain(command: Callable[..., Any]) -> int:
    """Run a command and turn errors into a sentence on stderr and an exit code."""
    try:
        code = command(prog_name="talkies", standalone_mode=False)
    except TalkiesError as error:
        talk.print(f"[bold red]error:[/] {_escape(str(error))}")
        return MISUSED if isinstance(error, BadRequest | BadVideo) else FAILED
    except typer.TyperException as error:
        talk.print(f"[bold red]error:[/] {_escape(error.format_message())}; try --help")
        return MISUSED
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    if code == INTERRUPTED:  # Typer turns Ctrl-C into this code without a word
        talk.print("interrupted; nothing was written")
    return code if isinstance(code, int) else 0


def say(sentence: str, *, quiet: bool = False) -> None:
    """Write a sentence to stderr, unless the user wants quiet."""
    if not quiet:
        talk.print(_escape(sentence))


@contextmanager
def progress(*, quiet: bool) -> Iterator[Tick]:
    """Show the stage, the share done and the time left: a bar on a terminal, plain lines elsewhere."""
    if quiet:
        yield no_tick
    elif talk.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=talk, transient=True) as bars:
            bar = bars.add_task("starting", total=1.0)

            def draw(stage: str, share: float) -> None:
                bars.update(bar, description=words_of(stage), completed=share)

            yield Meter(draw)
    else:
        yield Meter(_lines())


def _lines() -> Callable[[str, float], None]:
    """Report each tenth of the work on a line of its own."""
    start, told = time.monotonic(), -1

    def line(stage: str, share: float) -> None:
        nonlocal told
        tenth = int(share * 10)
        if tenth > told:
            told = tenth
            elapsed = time.monotonic() - start
            left = f", about {elapsed * (1 - share) / share:.0f} s left" if 0.1 < share < 1 else ""
            say(f"{words_of(stage)}: {share:.0%}{left}")

    return line


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
