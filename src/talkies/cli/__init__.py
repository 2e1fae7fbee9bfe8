"""The command line: one module per command.

Data goes to stdout, talk to stderr. Exit codes: 0 done; 1 it could not be made or written; 2 the request
is wrong; 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from talkies.cli import doctor, generate, inspect, keys, plan, serve, settings, work
from talkies.cli.talk import complain
from talkies.heap import share_heap

app = typer.Typer(
    name="talkies",
    help="Turn a photo and a sentence into a video with sound.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 it could not be made or written; 2 the request is wrong; 130 interrupted.",
)
app.command("generate")(generate.generate)
app.command("plan")(plan.plan)
app.command("inspect")(inspect.inspect)
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.command("work")(work.work)
app.add_typer(keys.keys)
app.command("settings")(settings.settings)


def main() -> None:
    """Run the command line; every error that a user can mend is a sentence, never a traceback."""
    share_heap()
    sys.exit(complain(app))
