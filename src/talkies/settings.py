"""Everything an operator can set: `TALKIES_…` in the environment, or one TOML file; read once at start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from talkies.errors import BadOption

PREFIX = "TALKIES_"
FILE_VARIABLE = f"{PREFIX}CONFIG"


class Settings(BaseSettings):
    """The operator's settings. The environment wins over the file; an unknown or bad one stops the start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Field(Path("talkies-data"), description="Folder of the database and the files.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL; without it an SQLite file in the data folder."
    )
    storage_url: str | None = Field(
        None, description="Object storage URL (file:// or s3://); without it a folder in the data folder."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="The address that callers see, for links; without it http://host:port."
    )
    workers: int = Field(1, ge=0, le=64, description="Worker processes on this machine.")
    engine: str = Field("animatic", description="Engine behind the Seedance model name.")
    api_key: str | None = Field(None, description="An API key to register at start, instead of a new one.")

    lease_s: float = Field(30.0, gt=0, description="Seconds after which a silent worker loses its task.")
    heartbeat_s: float = Field(5.0, gt=0, description="Seconds between a worker's renewals of its lease.")
    poll_s: float = Field(0.1, gt=0, description="Seconds between an idle worker's looks at the queue.")
    attempts: int = Field(3, ge=1, le=20, description="Tries before a task fails.")
    run_limit_s: float = Field(
        900.0, gt=0, description="Seconds of rendering before an attempt counts as hung."
    )
    drain_s: float = Field(30.0, ge=0, description="Seconds that running clips get to finish at shutdown.")
    max_queued: int = Field(10_000, ge=1, description="Tasks waiting at once before a submit is refused.")

    requests_per_minute: int = Field(
        1_000, ge=1, description="Requests per minute of one key, unless it has its own."
    )
    max_running: int = Field(10, ge=1, description="Running tasks of one key at once, unless it has its own.")
    body_limit_bytes: int = Field(64 * 2**20, ge=1, description="Largest request body.")
    body_timeout_s: float = Field(30.0, gt=0, description="Seconds within which a request body must arrive.")

    fetch_allow: tuple[str, ...] = Field(
        (), description="Private networks that picture links may lead to, as CIDR."
    )
    fetch_timeout_s: float = Field(
        8.0, gt=0, description="Seconds within which a linked picture must arrive."
    )
    fetch_limit_bytes: int = Field(30_000_000, ge=1, description="Largest linked picture.")
    fetches_per_host: int = Field(4, ge=1, description="Linked pictures fetched from one host at once.")
    decode_memory_bytes: int = Field(
        1 * 2**30, ge=2**26, description="Memory of the process that decodes a picture."
    )
    decode_cpu_s: int = Field(
        10, ge=1, description="Processor seconds of the process that decodes a picture."
    )

    retention_s: float = Field(7 * 86_400.0, gt=0, description="Seconds that results and pictures are kept.")
    link_s: float = Field(86_400.0, gt=0, description="Seconds that a signed link works.")
    uploads_per_key: int = Field(10, ge=1, description="Uploaded files of one key at once.")
    uploads_at_once: int = Field(2, ge=1, description="Uploads of one key under way at once.")
    upload_limit_bytes: int = Field(16 * 2**20, ge=1, description="Largest uploaded file.")

    webhook_timeout_s: float = Field(
        15.0, gt=0, description="Seconds within which a webhook must be answered."
    )
    webhook_allow: tuple[str, ...] = Field(
        (), description="Private networks that webhooks may go to, as CIDR."
    )

    certificate: Path | None = Field(None, description="C2PA certificate chain, PEM.")
    private_key: Path | None = Field(None, description="Private key of the C2PA certificate, PEM.")
    commit: str | None = Field(
        None,
        pattern="^[0-9A-Za-z._-]{1,64}$",
        description="Commit of the build, for the metrics; without it what the installer wrote down.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level logged.")
    log_json: bool = Field(False, description="Log one JSON object a line.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take options first, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        file = os.environ.get(FILE_VARIABLE)
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(file))) if file else sources


def load(**options: Any) -> Settings:
    """Read the settings; `options` that are not None win over everything.

    Raises:
        BadOption: a setting is unknown or bad; the message names it, its value and its rule.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {FILE_VARIABLE}
    for variable in sorted(os.environ):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            raise BadOption(
                f"{variable}: is not a setting of talkies; docs/settings.md lists them all", variable
            )
    file = os.environ.get(FILE_VARIABLE)
    if file and not Path(file).is_file():
        raise BadOption(
            f"{FILE_VARIABLE}: {file} is not a file; name the TOML file with the settings", FILE_VARIABLE
        )
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise BadOption(f"setting {name}: {first['msg']} (got {first.get('input')!r})", name) from error
