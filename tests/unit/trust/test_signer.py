"""A log's keys: kept to their owner, recognised again, and used for both signatures of a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from indelible.errors import ConfigurationError, InternalError, UsageError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.cosignature import TimestampedSignature
from indelible.formats.note import open_note
from indelible.formats.vkey import SignatureType, VerifierKey
from indelible.merkle import EMPTY_ROOT, Hash
from indelible.trust.signer import LogKeys, LogSigner, generate_log_keys

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "audit.example.com/main"
KEYS = generate_log_keys(ORIGIN)
CHECKPOINT = Checkpoint(origin=ORIGIN, size=7, root=Hash(bytes(range(32))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Saved keys."""
    KEYS.save(tmp_path / "keys" / "main")
    return tmp_path / "keys" / "main"


def test_log_keys_are_the_same_after_saving_and_loading(folder: Path) -> None:
    """What is loaded are the keys that were saved, with their origin."""
    loaded = LogKeys.load(folder)
    assert loaded.origin == ORIGIN
    assert loaded.vkeys == KEYS.vkeys
    assert loaded.ed25519.private_bytes_raw() == KEYS.ed25519.private_bytes_raw()
    assert loaded.ml_dsa_44.private_bytes_raw() == KEYS.ml_dsa_44.private_bytes_raw()


def test_log_keys_are_private_pkcs8_files(folder: Path) -> None:
    """PKCS#8 PEM of mode 0600 in a folder of mode 0700."""
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {"ed25519.pem", "ml-dsa-44.pem", "vkeys"}
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    for name in ("ed25519.pem", "ml-dsa-44.pem"):
        assert (folder / name).read_text().startswith("-----BEGIN PRIVATE KEY-----\n")


def test_log_keys_name_the_log_and_its_second_key() -> None:
    """The Ed25519 key bears the origin's name, the ML-DSA-44 key one of its own."""
    ed25519, ml_dsa_44 = map(VerifierKey.parse, KEYS.vkeys)
    assert (ed25519.name, ed25519.kind) == (ORIGIN, SignatureType.ED25519)
    assert (ml_dsa_44.name, ml_dsa_44.kind) == (f"{ORIGIN}/ml-dsa-44", SignatureType.ML_DSA_44_COSIGNATURE)


def test_log_keys_do_not_show_themselves() -> None:
    """``repr`` may end up in a traceback, so it holds no key."""
    assert repr(KEYS) == f"LogKeys(origin={ORIGIN!r})"


def test_log_keys_are_never_overwritten(folder: Path) -> None:
    """A second ``save`` into the same folder is refused, and the first keys stay."""
    with pytest.raises(UsageError, match="never overwritten"):
        generate_log_keys(ORIGIN).save(folder)
    assert LogKeys.load(folder).vkeys == KEYS.vkeys


@pytest.mark.parametrize("name", ["ed25519.pem", "ml-dsa-44.pem", "vkeys"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_log_keys_that_others_can_reach_are_refused(folder: Path, name: str, mode: int) -> None:
    """TRUST: refuse to start when others can read the keys; say which file and what to do."""
    (folder / name).chmod(mode)
    with pytest.raises(ConfigurationError, match=f"{name} can be reached by group or others .*chmod 600"):
        LogKeys.load(folder)


def test_log_keys_in_a_folder_that_others_can_reach_are_refused(folder: Path) -> None:
    """A folder open to others lets them put other keys in the place of these."""
    folder.chmod(0o750)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        LogKeys.load(folder)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        KEYS.save(folder)


@pytest.mark.parametrize("name", ["ed25519.pem", "ml-dsa-44.pem", "vkeys"])
def test_log_keys_that_are_missing_are_named(folder: Path, name: str) -> None:
    """Which file is missing is said."""
    (folder / name).unlink()
    with pytest.raises(ConfigurationError, match=f"{name} is missing"):
        LogKeys.load(folder)


def test_log_keys_without_their_folder_are_refused(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(ConfigurationError, match="nowhere is missing"):
        LogKeys.load(tmp_path / "nowhere")
    (tmp_path / "file").touch(0o600)
    with pytest.raises(ConfigurationError, match="not a folder"):
        LogKeys.load(tmp_path / "file")


@pytest.mark.parametrize("name", ["ed25519.pem", "vkeys"])
def test_log_keys_are_not_read_through_a_symbolic_link(folder: Path, name: str) -> None:
    """A link may point to a file whose folder anybody can write to."""
    (folder / name).rename(folder / "elsewhere")
    (folder / name).symlink_to(folder / "elsewhere")
    with pytest.raises(ConfigurationError, match=f"{name} cannot be opened"):
        LogKeys.load(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ed25519.pem", b"nonsense", "not a PKCS#8 PEM key"),
        ("ml-dsa-44.pem", b"", "not a PKCS#8 PEM key"),
        ("vkeys", b"nonsense\n", "does not hold verifier keys"),
        ("vkeys", b"\xff", "does not hold verifier keys"),
        ("vkeys", b"x" * 70_000, "too large"),
    ],
)
def test_log_keys_that_are_no_keys_are_refused(folder: Path, name: str, content: bytes, said: str) -> None:
    """What cannot be read as a key is said to be none, by file."""
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        LogKeys.load(folder)


def test_log_keys_of_another_type_or_other_keys_are_refused(folder: Path) -> None:
    """A key in the place of another one is noticed before anything is signed with it."""
    other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ed25519.pem").write_bytes(other)
    with pytest.raises(ConfigurationError, match="not those that vkeys names"):
        LogKeys.load(folder)
    (folder / "ml-dsa-44.pem").write_bytes(other)
    with pytest.raises(ConfigurationError, match="of another type"):
        LogKeys.load(folder)


def test_log_signer_signs_with_both_keys() -> None:
    """A signed checkpoint holds its text, an Ed25519 line and an ML-DSA-44 line with the time, and both verify."""
    note = LogSigner(KEYS).sign(CHECKPOINT, timestamp=1_790_000_000)
    opened = open_note(note, [VerifierKey.parse(vkey) for vkey in KEYS.vkeys])
    assert Checkpoint.parse(opened.note.text) == CHECKPOINT
    assert [signature.name for signature in opened.verified] == [ORIGIN, f"{ORIGIN}/ml-dsa-44"]
    assert opened.unknown == ()
    assert TimestampedSignature.parse(opened.verified[1].signature).timestamp == 1_790_000_000


def test_log_signer_signs_the_empty_tree() -> None:
    """A new log has a signed checkpoint of size 0."""
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    open_note(LogSigner(KEYS).sign(empty, timestamp=1), [VerifierKey.parse(vkey) for vkey in KEYS.vkeys])


@pytest.mark.parametrize(
    ("checkpoint", "timestamp", "said"),
    [
        (Checkpoint(origin="example.com/other", size=7, root=CHECKPOINT.root), 1, "do not sign checkpoints of"),
        (Checkpoint(origin=ORIGIN, size=7, root=CHECKPOINT.root, extensions=("x",)), 1, "extension lines"),
        (CHECKPOINT, 0, "must bear a time"),
    ],
)
def test_log_signer_refuses_what_it_must_not_sign(checkpoint: Checkpoint, timestamp: int, said: str) -> None:
    """Another log's checkpoint, extension lines and a missing time are our own bugs, and never signed."""
    with pytest.raises(InternalError, match=said):
        LogSigner(KEYS).sign(checkpoint, timestamp=timestamp)
