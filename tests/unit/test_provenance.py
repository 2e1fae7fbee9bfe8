"""The "made by AI" mark: metadata that every video carries, and the operator's signature."""

from __future__ import annotations

import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from talkies import provenance
from talkies.aac import code_sound
from talkies.encoding import write_video
from talkies.errors import BadOption
from talkies.media import Frame

FRAME_COUNT = 48

_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Credentials:
    certificate: Path
    private_key: Path


def _issue(
    subject: str, key: _PrivateKey, issuer: str, signing_key: _PrivateKey, *, is_authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

    def name(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, text),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
            ]
        )

    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    digest = None if isinstance(signing_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signing_key, digest)


def issue_credentials(folder: Path, key: _PrivateKey | None = None) -> Credentials:
    """Make a certificate authority and a certificate of it for signing."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = key or ec.generate_private_key(ec.SECP256R1())
    authority = _issue("Test CA", authority_key, "Test CA", authority_key, is_authority=True)
    signing = _issue("Test signer", key, "Test CA", authority_key, is_authority=False)
    credentials = Credentials(folder / "chain.pem", folder / "key.pem")
    credentials.certificate.write_bytes(
        signing.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM)
    )
    credentials.private_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return credentials


@pytest.fixture
def video(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    path = folder / "clip.mp4"
    chance = np.random.default_rng(3)
    frames: list[Frame] = [chance.integers(0, 256, (96, 128, 3), dtype=np.uint8) for _ in range(FRAME_COUNT)]
    sound = code_sound(chance.normal(0, 0.1, (FRAME_COUNT * 2000, 2)).astype(np.float32))
    tags = provenance.tags(engine="animatic", version="1.2.3", seed=7)
    write_video(path, frames, width=128, height=96, frame_count=FRAME_COUNT, sound=sound, tags=tags)
    return path


def manifest_of(path: Path) -> tuple[str, dict[str, Any]]:
    """Give the validation state and the active manifest."""
    with path.open("rb") as file, c2pa.Reader("video/mp4", file) as reader:
        store = json.loads(reader.json())
    return str(store["validation_state"]), store["manifests"][store["active_manifest"]]


def decoded(path: Path) -> tuple[list[bytes], int, list[int | None]]:
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return pictures, samples, [stream.duration for stream in container.streams]


def test_the_tags_say_made_by_ai_in_words_and_for_machines() -> None:
    tags = provenance.tags(engine="animatic", version="1.2.3", seed=7)

    assert "made by AI" in tags["comment"]
    assert tags["Iptc4xmpExt:DigitalSourceType"].endswith("/digitalsourcetype/algorithmicMedia")
    assert tags["software"] == "talkies 1.2.3"
    assert tags["seed"] == "7"


def test_every_engine_but_the_animatic_counts_as_trained() -> None:
    for engine in ("diffusion", "remote", "somebody's own"):
        assert provenance.source_type(engine).endswith("/trainedAlgorithmicMedia")


def test_the_tags_can_be_read_from_the_file(video: Path) -> None:
    with av.open(str(video)) as container:
        metadata = container.metadata

    assert provenance.tags(engine="animatic", version="1.2.3", seed=7).items() <= metadata.items()


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA", "Ed25519"])
def test_a_signed_video_is_valid_and_says_how_it_was_made(video: Path, tmp_path: Path, kind: str) -> None:
    keys: dict[str, _PrivateKey] = {
        "P-256": ec.generate_private_key(ec.SECP256R1()),
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "RSA": rsa.generate_private_key(65_537, 2048),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    credentials = issue_credentials(tmp_path, keys[kind])

    provenance.sign(video, **vars(credentials), engine="animatic")

    state, manifest = manifest_of(video)
    assert state == "Valid"
    actions = next(a["data"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions"))
    assert actions["actions"][0]["action"] == "c2pa.created"
    assert actions["actions"][0]["digitalSourceType"] == provenance.source_type("animatic")


def test_signing_changes_neither_pictures_nor_sound_nor_their_order(video: Path, tmp_path: Path) -> None:
    before = decoded(video)

    provenance.sign(video, **vars(issue_credentials(tmp_path)), engine="animatic")

    assert decoded(video) == before
    data = video.read_bytes()
    assert data.index(b"ftyp") < data.index(b"moov") < data.index(b"mdat")
    assert [path.name for path in video.parent.iterdir()] == ["clip.mp4"]


def test_a_changed_video_is_no_longer_valid(video: Path, tmp_path: Path) -> None:
    provenance.sign(video, **vars(issue_credentials(tmp_path)), engine="animatic")
    data = bytearray(video.read_bytes())
    data[data.index(b"mdat") + 5000] ^= 1
    video.write_bytes(data)

    assert manifest_of(video)[0] == "Invalid"


def test_a_key_of_another_certificate_is_refused_and_the_video_stays(video: Path, tmp_path: Path) -> None:
    before = video.read_bytes()
    credentials = issue_credentials(tmp_path)
    (tmp_path / "other").mkdir()
    other = issue_credentials(tmp_path / "other")

    with pytest.raises(BadOption, match="must belong together"):
        provenance.sign(
            video,
            certificate=credentials.certificate,
            private_key=other.private_key,
            engine="animatic",
        )

    assert video.read_bytes() == before
    assert [path.name for path in video.parent.iterdir()] == ["clip.mp4"]


def test_missing_and_unusable_files_are_named(video: Path, tmp_path: Path) -> None:
    good = issue_credentials(tmp_path)
    text = tmp_path / "notes.txt"
    text.write_text("not a key")

    with pytest.raises(BadOption, match=r"certificate: cannot read .*nowhere.pem") as missing:
        provenance.check_credentials(certificate=tmp_path / "nowhere.pem", private_key=good.private_key)
    with pytest.raises(BadOption, match=r"private_key: .*notes.txt holds no usable private key"):
        provenance.check_credentials(certificate=good.certificate, private_key=text)
    with pytest.raises(BadOption, match=r"certificate .*notes.txt .* cannot sign"):
        provenance.sign(video, certificate=text, private_key=good.private_key, engine="animatic")
    assert missing.value.parameter == "certificate"


def test_usable_credentials_pass_the_check(tmp_path: Path) -> None:
    provenance.check_credentials(**vars(issue_credentials(tmp_path)))


def test_without_the_extra_the_remedy_is_named(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = issue_credentials(tmp_path)
    monkeypatch.setitem(sys.modules, "c2pa", None)

    with pytest.raises(BadOption, match=r'pip install "talkies\[provenance\]"'):
        provenance.sign(video, **vars(credentials), engine="animatic")
