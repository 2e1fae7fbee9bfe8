"""The service's peer: the least that FastAPI and SQLite can be. `python -m bench.bare_app DATABASE PORT`.

It keeps a table of tasks as durably as talkies does (WAL, a commit reaches the disk), and does nothing else:
no keys, no checks, no limits, no history, no log. Written as FastAPI's tutorial writes it: plain functions,
which run in threads, and a pydantic model for the body.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

SCHEMA = "CREATE TABLE tasks (id TEXT PRIMARY KEY, status TEXT, progress REAL, request TEXT)"


class NewTask(BaseModel):
    """The body of a submit, with the fields that the bench sends to both."""

    prompt: str
    first_frame_image: str
    resolution: str = "720p"
    duration: int = 5


class Table:
    """The tasks; each thread has a connection of its own."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._local = threading.local()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(self._database, timeout=30)
            self._local.connection.execute("PRAGMA synchronous = FULL")
        opened: sqlite3.Connection = self._local.connection
        return opened

    def create(self) -> None:
        """Create it, without tasks."""
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(SCHEMA)


def create_app(table: Table) -> FastAPI:
    """Build the application: submit a task, read a task."""
    app = FastAPI()

    @app.get("/health/ready")
    def read_readiness() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/tasks/{task_id}")
    def read_task(task_id: str) -> dict[str, Any]:
        found = table.connection.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
        if found is None:
            raise HTTPException(404)
        return {"id": found[0], "status": found[1], "progress": found[2], "request": json.loads(found[3])}

    @app.post("/tasks")
    def submit(new: NewTask) -> dict[str, str]:
        task_id = f"task-{uuid4().hex}"
        with table.connection as connection:
            row = (task_id, "queued", 0.0, new.model_dump_json())
            connection.execute("INSERT INTO tasks VALUES (?, ?, ?, ?)", row)
        return {"id": task_id, "status": "queued"}

    return app


def main() -> None:
    """Serve until SIGTERM."""
    database, port = sys.argv[1:]
    table = Table(database)
    table.create()
    uvicorn.run(create_app(table), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
