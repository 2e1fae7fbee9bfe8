from __future__ import annotations

import asyncio
import base64
import os
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkies.errors import BadPicture
from talkies.inputs.fetch import Fetcher
from talkies.inputs.references import decode_inline, load

LIMIT_BYTES = 10_000
PICTURE = bytes(range(256)) + b"\xfb\xef\xff"  # holds both characters that differ between the alphabets


def load_with(reference: str, uploads: dict[str, bytes] | None = None) -> bytes:
    async def find_upload(url: str) -> bytes | None:
        return (uploads or {}).get(url)

    fetcher = Fetcher(timeout_s=1, limit_bytes=LIMIT_BYTES, per_host=4)
    return asyncio.run(load(reference, "first_frame_image", fetcher=fetcher, uploads=find_upload))


def refusal(reference: str) -> BadPicture:
    with pytest.raises(BadPicture) as refused:
        load_with(reference)
    assert refused.value.parameter == "first_frame_image"
    assert str(refused.value).startswith("first_frame_image: ")
    return refused.value


STANDARD = base64.b64encode(PICTURE).decode()
URL_SAFE = base64.urlsafe_b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    "reference",
    [
        STANDARD,
        URL_SAFE,
        STANDARD.rstrip("="),
        "\n".join(textwrap.wrap(STANDARD, 76)),
        "\r\n".join(textwrap.wrap(STANDARD, 64)) + "\r\n",
        f"  {STANDARD}\t",
        f"data:image/png;base64,{STANDARD}",
        f"data:image/png;base64,{URL_SAFE.rstrip('=')}",
        f"DATA:IMAGE/PNG;BASE64,{STANDARD}",
        f"data:;base64,{STANDARD}",
        f"data:text/html;charset=utf-8;base64,{STANDARD}",
        f"data:image/png;base64,{STANDARD.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}",
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PICTURE),
    ],
)
def test_row_35_every_allowed_spelling_gives_the_same_bytes(reference: str) -> None:
    assert load_with(reference) == PICTURE


@pytest.mark.parametrize(
    ("reference", "position"),
    [
        ("iVBORw0KGgoAAAAN*UhE", 17),
        ("*", 1),
        ("iVB=Rw0K", 4),
        ("iVBORw0K=", 9),
        ("iVBOR", 5),
        ("QQ=", 3),
        ("QQ===", 3),
        ("data:image/png;base64,iVB!", 26),
        ("data:image/png;base64,iVBO\nRw0é", 31),
        ("photo.png", 6),
        ("/etc/passwd\0", 12),
    ],
)
def test_row_35_text_that_is_not_base64_is_refused_at_its_first_wrong_character(
    reference: str, position: int
) -> None:
    refused = refusal(reference)

    assert f"not valid base64 (char {position})" in str(refused)
    assert refused.reason == "invalid_base64"


@pytest.mark.parametrize("reference", ["", "  \n", "data:image/png;base64,", "data:,", "="])
def test_a_reference_without_data_is_refused(reference: str) -> None:
    assert refusal(reference).reason in {"empty", "invalid_base64"}


def test_a_data_url_without_a_comma_is_refused() -> None:
    assert refusal("data:image/png;base64").reason == "invalid_data_url"


@pytest.mark.parametrize(
    "reference",
    ["file:///etc/passwd", "ftp://example.com/a.png", "javascript:alert(1)", "C:\\a.png", "blob:x", "urn:x"],
)
def test_another_scheme_is_refused_with_the_allowed_forms(reference: str) -> None:
    refused = refusal(reference)

    assert refused.reason == "scheme_not_allowed"
    assert "http or https URL, a data URL or Base64" in str(refused)


def test_data_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    data = os.urandom(LIMIT_BYTES + 1)

    assert load_with(base64.b64encode(data[:-1]).decode()) == data[:-1]
    assert refusal(base64.b64encode(data).decode()).reason == "too_large"
    assert refusal("A" * 1_000_000).reason == "too_large"


def test_a_url_of_an_uploaded_file_is_read_without_fetching() -> None:
    url = "http://127.0.0.1:8000/files/uploads/1.png"

    assert load_with(url, {url: PICTURE}) == PICTURE


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.png", "HTTPS://127.0.0.1/a.png"])
def test_any_other_url_is_fetched_under_the_rules(url: str) -> None:
    assert refusal(url).reason == "address_not_public"


@given(st.binary(min_size=1, max_size=200))
def test_what_was_encoded_comes_back(data: bytes) -> None:
    assert decode_inline(base64.b64encode(data).decode(), "image", 1_000) == data
    assert decode_inline(base64.urlsafe_b64encode(data).decode().rstrip("="), "image", 1_000) == data


@given(st.text(max_size=60))
def test_any_text_gives_bytes_or_a_message(text: str) -> None:
    try:
        assert decode_inline(text, "image", 1_000)
    except BadPicture as bad:
        assert bad.parameter == "image"
