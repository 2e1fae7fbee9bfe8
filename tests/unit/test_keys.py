from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text

from talkies.database import api_keys, connect, key_secrets, upgrade
from talkies.errors import AuthenticationFailed, BadOption, Conflict, Forbidden, NotFound
from talkies.keys import DEFAULT_SCOPES, KeyStore, Limits, checksum, make_secret


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'talkies.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> KeyStore:
    return KeyStore(engine)


def let_time_pass(engine: Engine, hours: int) -> None:
    """Move everything that is stored into the past."""
    with engine.begin() as connection:
        for table, columns in {
            "api_keys": ("created_ms", "expires_ms", "revoked_ms"),
            "key_secrets": ("created_ms", "ends_ms", "last_used_ms"),
        }.items():
            changes = ", ".join(f"{column} = {column} - {hours * 3_600_000}" for column in columns)
            connection.execute(text(f"UPDATE {table} SET {changes}"))


def reason_of_refusal(store: KeyStore, secret: str) -> str:
    with pytest.raises(AuthenticationFailed) as refused:
        store.verify(secret)
    assert secret not in str(refused.value) or not secret
    return refused.value.reason


def test_a_secret_has_its_prefix_30_random_digits_and_a_checksum() -> None:
    secret = make_secret()

    assert secret.startswith("tk_live_")
    assert len(secret) == 44
    assert set(secret[8:]) <= set(string.ascii_letters + string.digits)
    assert secret[-6:] == checksum(secret[:-6])
    assert make_secret() != secret


def test_a_created_key_is_found_by_its_secret(store: KeyStore) -> None:
    key, secret = store.create("app", ["tasks:read"], limits=Limits(requests_per_minute=5))

    found = store.verify(secret)

    assert (found.id, found.name) == (key.id, "app")
    assert found.scopes == frozenset({"tasks:read"})
    assert found.limits == Limits(requests_per_minute=5)
    assert found.secret_ends_ms is None


def test_only_the_hash_of_a_secret_is_stored(store: KeyStore, tmp_path: Path) -> None:
    _, secret = store.create("app")

    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert secret[:12].encode() in stored
    assert secret[12:].encode() not in stored


def test_a_wrong_checksum_is_refused_without_a_look_at_the_database(store: KeyStore, engine: Engine) -> None:
    _, secret = store.create("app")
    mistyped = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)

    assert reason_of_refusal(store, mistyped) == "malformed"
    assert statements == []


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 100_000, "tk_live_" + "é" * 36, "a" * 20 + "\x00", "a" * 20 + "\n"]
)
def test_what_cannot_be_a_secret_is_malformed(store: KeyStore, secret: str) -> None:
    assert reason_of_refusal(store, secret) == "malformed"


def test_a_well_formed_but_unknown_secret_is_unknown(store: KeyStore) -> None:
    assert reason_of_refusal(store, make_secret()) == "unknown"


def test_a_revoked_key_says_since_when(store: KeyStore) -> None:
    key, secret = store.create("app")

    revoked = store.revoke(key.id)

    assert revoked.revoked_ms is not None
    assert reason_of_refusal(store, secret) == "revoked"
    with pytest.raises(AuthenticationFailed, match=r"revoked on \d{4}-\d\d-\d\d"):
        store.verify(secret)


def test_revoking_again_keeps_the_first_date(store: KeyStore, engine: Engine) -> None:
    key, _ = store.create("app")
    store.revoke(key.id)
    let_time_pass(engine, hours=1)
    first = store.list()[0].revoked_ms

    assert store.revoke(key.id).revoked_ms == first


def test_a_key_ends_at_its_date(store: KeyStore, engine: Engine) -> None:
    _, secret = store.create("app", expires_in_s=3600)
    store.verify(secret)

    let_time_pass(engine, hours=2)

    assert reason_of_refusal(store, secret) == "expired"


def test_a_rotated_key_keeps_its_id_and_both_secrets_work_for_a_while(
    store: KeyStore, engine: Engine
) -> None:
    key, old = store.create("app")

    rotated, new = store.rotate(key.id, overlap_s=7200)

    assert rotated.id == key.id
    assert store.verify(new).id == store.verify(old).id == key.id
    assert store.verify(new).secret_ends_ms is None
    assert store.verify(old).secret_ends_ms is not None
    let_time_pass(engine, hours=3)
    assert store.verify(new).id == key.id
    assert reason_of_refusal(store, old) == "expired"


def test_a_second_rotation_does_not_prolong_the_first_secret(store: KeyStore) -> None:
    key, first = store.create("app")
    store.rotate(key.id, overlap_s=60)
    ends_ms = store.verify(first).secret_ends_ms

    store.rotate(key.id, overlap_s=7200)

    assert store.verify(first).secret_ends_ms == ends_ms


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(store: KeyStore) -> None:
    key, old = store.create("app")

    store.rotate(key.id, overlap_s=0)

    assert reason_of_refusal(store, old) == "expired"


def test_a_revoked_or_expired_key_is_not_rotated(store: KeyStore, engine: Engine) -> None:
    revoked, _ = store.create("revoked")
    store.revoke(revoked.id)
    expired, _ = store.create("expired", expires_in_s=3600)
    let_time_pass(engine, hours=2)

    for key in (revoked, expired):
        with pytest.raises(Conflict, match=key.id):
            store.rotate(key.id)


def test_a_negative_overlap_is_refused(store: KeyStore) -> None:
    key, _ = store.create("app")

    with pytest.raises(BadOption, match="-1"):
        store.rotate(key.id, overlap_s=-1)


@pytest.mark.parametrize("verb", ["revoke", "rotate"])
def test_an_unknown_key_is_not_found(store: KeyStore, verb: str) -> None:
    with pytest.raises(NotFound, match="key_x"):
        getattr(store, verb)("key_x")


def test_the_list_tells_all_but_secrets(store: KeyStore) -> None:
    first, secret = store.create("first")
    second, _ = store.create("second")
    store.verify(secret)

    listed = store.list()

    assert [key.id for key in listed] == [first.id, second.id]
    assert listed[0].hints == (secret[:12],)
    assert listed[0].last_used_ms is not None
    assert listed[1].last_used_ms is None
    assert secret not in repr(listed)


def test_a_key_works_where_its_use_cannot_be_written(store: KeyStore, engine: Engine) -> None:
    key, secret = store.create("app")
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only = ON"))

    assert store.verify(secret).id == key.id
    assert store.list()[0].last_used_ms is None


def test_the_last_use_is_not_written_for_every_request(store: KeyStore, engine: Engine) -> None:
    _, secret = store.create("app")
    store.verify(secret)
    first = store.list()[0].last_used_ms

    store.verify(secret)
    assert store.list()[0].last_used_ms == first

    let_time_pass(engine, hours=1)
    store.verify(secret)
    used = store.list()[0].last_used_ms
    assert used is not None
    assert first is not None
    assert used >= first


@pytest.mark.parametrize("secret", ["my-own-secret-for-ci", make_secret()], ids=["own", "typed"])
def test_a_secret_of_the_operator_is_registered_once(store: KeyStore, secret: str) -> None:
    first = store.register(secret)

    again = store.register(secret)

    assert first.id == again.id == store.verify(secret).id
    assert first.scopes == set(DEFAULT_SCOPES)
    assert len(store.list()) == 1


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("too-short", "9 characters"),
        ("x" * 257, "257 characters"),
        ("sixteen spaces here", "spaces"),
        ("sixteen-naïve-letters", "ASCII"),
        ("tk_live_" + "0" * 36, "checksum"),
    ],
)
def test_a_bad_secret_of_the_operator_is_refused_and_not_shown(
    store: KeyStore, secret: str, told: str
) -> None:
    with pytest.raises(BadOption, match=told) as refused:
        store.register(secret)

    assert secret not in str(refused.value)


def test_a_revoked_secret_is_not_registered_again(store: KeyStore) -> None:
    store.revoke(store.register("my-own-secret-for-ci").id)

    with pytest.raises(Conflict, match="revoked"):
        store.register("my-own-secret-for-ci")


@pytest.mark.parametrize("scopes", [["tasks:destroy"], []])
def test_unknown_scopes_are_refused(store: KeyStore, scopes: list[str]) -> None:
    with pytest.raises(BadOption, match="tasks:write"):
        store.create("app", scopes)


@pytest.mark.parametrize(
    "limits", [Limits(requests_per_minute=0), Limits(max_running=-1), Limits(daily_seconds=0)]
)
def test_limits_must_be_positive(store: KeyStore, limits: Limits) -> None:
    with pytest.raises(BadOption, match="not above 0"):
        store.create("app", limits=limits)


def test_a_lacking_scope_is_named(store: KeyStore) -> None:
    key, _ = store.create("app", ["tasks:read"])
    key.require("tasks:read")

    with pytest.raises(Forbidden, match="key: lacks scope tasks:write"):
        key.require("tasks:write")


def test_admin_may_do_everything(store: KeyStore) -> None:
    key, _ = store.create("app", ["admin"])

    key.require("webhooks:admin")


def test_every_key_signs_callbacks_with_a_secret_of_its_own(store: KeyStore, engine: Engine) -> None:
    store.create("first")
    store.create("second")

    with engine.connect() as connection:
        made = list(connection.execute(select(api_keys.c.callback_secret)).scalars())
        hashes = list(connection.execute(select(key_secrets.c.sha256)).scalars())
    assert len(set(made)) == 2
    assert all(secret.startswith("whsec_") for secret in made)
    assert {len(sha256) for sha256 in hashes} == {64}
