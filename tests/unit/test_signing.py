from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from talkies.errors import CannotWrite, LinkExpired, LinkRefused
from talkies.signing import LinkSigner, link_secret

PATH = "/files/task-1/video.mp4"
SIGNER = LinkSigner(b"a secret of thirty-two bytes ....")


def _query(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


def test_a_fresh_link_opens_its_file() -> None:
    link = SIGNER.sign(PATH, 60)

    assert urlsplit(link).path == PATH
    SIGNER.check(PATH, _query(link))


@pytest.mark.parametrize("path", ["/files/task-2/video.mp4", f"{PATH}/", "/files/task-1/last_frame.png", ""])
def test_a_link_opens_no_other_file(path: str) -> None:
    query = _query(SIGNER.sign(PATH, 60))

    with pytest.raises(LinkRefused):
        SIGNER.check(path, query)


@pytest.mark.parametrize("position", range(0, 43, 6))
def test_a_link_with_one_changed_character_is_refused(position: int) -> None:
    query = _query(SIGNER.sign(PATH, 60))
    other = "A" if query["signature"][position] != "A" else "B"
    query["signature"] = query["signature"][:position] + other + query["signature"][position + 1 :]

    with pytest.raises(LinkRefused):
        SIGNER.check(PATH, query)


@pytest.mark.parametrize("expires", ["99999999999", "", "never", "-1", "1e99", "٣", "\udcff"])
def test_a_link_whose_expiry_was_changed_is_refused(expires: str) -> None:
    query = _query(SIGNER.sign(PATH, 60)) | {"expires": expires}

    with pytest.raises(LinkRefused):
        SIGNER.check(PATH, query)


@pytest.mark.parametrize("missing", ["expires", "signature"])
def test_a_link_without_its_parts_is_refused(missing: str) -> None:
    query = _query(SIGNER.sign(PATH, 60))
    del query[missing]

    with pytest.raises(LinkRefused):
        SIGNER.check(PATH, query)


def test_path_and_expiry_cannot_be_shifted_into_each_other() -> None:
    query = _query(SIGNER.sign("2 /a", 60))

    with pytest.raises(LinkRefused):
        SIGNER.check("/a", query | {"expires": query["expires"] + " 2"})


def test_an_old_link_is_expired_and_not_refused() -> None:
    with pytest.raises(LinkExpired):
        SIGNER.check(PATH, _query(SIGNER.sign(PATH, -1)))


def test_a_changed_old_link_is_refused_and_not_expired() -> None:
    with pytest.raises(LinkRefused):
        SIGNER.check("/files/other.mp4", _query(SIGNER.sign(PATH, -1)))


def test_another_secret_signs_otherwise() -> None:
    with pytest.raises(LinkRefused):
        LinkSigner(b"another secret").check(PATH, _query(SIGNER.sign(PATH, 60)))


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "data" / "link-secret"

    secret = link_secret(file)

    assert len(secret) == 32
    assert link_secret(file) == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(link_secret, [tmp_path / "link-secret"] * 64))

    assert len(secrets) == 1


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file, not a folder")

    with pytest.raises(CannotWrite, match="choose another data folder"):
        link_secret(tmp_path / "data" / "link-secret")
