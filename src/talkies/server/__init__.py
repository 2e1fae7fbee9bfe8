"""The HTTP API: the published one of the Modellix gateway, and what goes beyond it on the same paths."""

from __future__ import annotations

from talkies.server.app import create_app, uvicorn_config
from talkies.server.services import Services

__all__ = ["Services", "create_app", "uvicorn_config"]
