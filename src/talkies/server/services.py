"""What the server is given: the settings and the finished objects that its routes use."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from talkies.inputs.fetch import Fetcher
from talkies.inputs.sandbox import Sandbox
from talkies.keys import KeyStore
from talkies.settings import Settings
from talkies.signing import LinkSigner
from talkies.storage import Storage
from talkies.task_queue import TaskQueue
from talkies.webhooks import Courier, Endpoints, Outbox


@dataclass(frozen=True)
class Services:
    """Everything that one server process works with; built once, at start.

    `database` has its newest schema. `public_url` is the address that callers see, without a slash at its
    end, such as `https://clips.example.org`; all links begin with it.
    """

    settings: Settings
    public_url: str
    database: Engine
    queue: TaskQueue
    keys: KeyStore
    storage: Storage
    links: LinkSigner
    fetcher: Fetcher
    sandbox: Sandbox
    endpoints: Endpoints
    outbox: Outbox
    courier: Courier
