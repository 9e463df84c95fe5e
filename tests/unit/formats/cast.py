"""The log and the witnesses of the vectors: the same keys in every test of a format."""

from __future__ import annotations

from typing import Any

from indelible.formats.signer import Ed25519Cosigner, MLDSA44Cosigner, NoteSigner, parse_skey
from tests.vectors.load import vectors

KEYS: dict[str, dict[str, Any]] = {key["label"]: key for key in vectors("note")["keys"]}

ORIGIN = "log.example/audit"
TIME = 1_700_000_000


def log(label: str = "log ed25519") -> NoteSigner:
    signer = parse_skey(KEYS[label]["skey"])
    assert isinstance(signer, NoteSigner)
    return signer


def witness(number: int = 1) -> Ed25519Cosigner:
    signer = parse_skey(KEYS[f"witness {number} ed25519"]["skey"])
    assert isinstance(signer, Ed25519Cosigner)
    return signer


def ml_dsa_44_witness() -> MLDSA44Cosigner:
    signer = parse_skey(KEYS["witness 1 mldsa44"]["skey"])
    assert isinstance(signer, MLDSA44Cosigner)
    return signer
