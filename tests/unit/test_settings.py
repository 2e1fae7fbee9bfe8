from __future__ import annotations

import os
from pathlib import Path

import pytest

from talkies import settings
from talkies.cli.settings import to_markdown
from talkies.errors import BadOption
from talkies.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(settings.PREFIX):
            monkeypatch.delenv(name)


def test_everything_has_a_default_that_works_offline() -> None:
    found = settings.load()

    assert (found.host, found.engine, found.database_url, found.storage_url) == (
        "127.0.0.1",
        "animatic",
        None,
        None,
    )


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "talkies.toml"
    file.write_text('port = 1\nworkers = 2\nhost = "h"\n', "utf-8")
    monkeypatch.setenv("TALKIES_CONFIG", str(file))
    monkeypatch.setenv("TALKIES_PORT", "3")
    monkeypatch.setenv("TALKIES_WORKERS", "4")

    found = settings.load(port=5, workers=None)

    assert (found.port, found.workers, found.host) == (5, 4, "h")


def test_an_unknown_variable_stops_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKIES_PROT", "80")

    with pytest.raises(BadOption, match="TALKIES_PROT"):
        settings.load()


def test_an_unknown_line_of_the_file_stops_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "talkies.toml"
    file.write_text("prot = 80\n", "utf-8")
    monkeypatch.setenv("TALKIES_CONFIG", str(file))

    with pytest.raises(BadOption, match="prot"):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "many"), ("PORT", "70000"), ("LEASE_S", "0"), ("ATTEMPTS", "0"), ("LOG_LEVEL", "loud")],
)
def test_a_bad_value_stops_the_start_with_its_name_and_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TALKIES_{name}", value)

    with pytest.raises(BadOption, match=f"(?i){name}.*{value}"):
        settings.load()


def test_a_file_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TALKIES_CONFIG", str(tmp_path / "absent.toml"))

    with pytest.raises(BadOption, match="TALKIES_CONFIG"):
        settings.load()


def test_every_setting_is_documented() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_page_of_settings_is_what_the_command_prints() -> None:
    assert PAGE.read_text("utf-8") == to_markdown()
