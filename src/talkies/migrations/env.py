"""Alembic's entry: runs the versions on the connection, and in the transaction, of `database.upgrade`."""

from __future__ import annotations

from alembic import context

from talkies.database import metadata


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
    )
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):  # Alembic runs this file; whoever merely imports it wants nothing run
    _run()
