"""An identity provider that does what a test says: it rotates keys, goes down, lies. The real one is in interop."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

if TYPE_CHECKING:
    from typing import Self

__all__ = ["AUDIENCE", "FakeProvider", "SigningKey", "new_key"]

AUDIENCE = "https://audit.example.com"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with the JWK of its public half."""

    private: Any
    jwk: dict[str, Any]
    algorithm: str


def new_key(key_id: str, algorithm: str = "ES256", *, bits: int = 2_048) -> SigningKey:
    """A key pair for an algorithm."""
    if algorithm.startswith("ES"):
        private: Any = ec.generate_private_key(ec.SECP256R1())
        jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
        jwk = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        private = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
        jwk = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return SigningKey(private, {**jwk, "kid": key_id, "use": "sig"}, algorithm)


@dataclass(slots=True)
class FakeProvider:
    """Serves discovery and keys on loopback while it is entered."""

    keys: list[SigningKey] = field(default_factory=lambda: [new_key("first")])
    down: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    jwks: Any = None
    asked: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def issuer(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def token(self, key: SigningKey | None = None, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token as the provider signs it, with whatever is to be different; a claim of ``None`` is left out."""
        key = key or self.keys[0]
        now = int(time.time())
        said = {
            "iss": self.issuer, "sub": "repo:acme/app", "aud": AUDIENCE, "iat": now, "exp": now + 600, **claims,
        }  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        shown = {"kid": key.jwk["kid"], **(header or {})}
        shown = {name: value for name, value in shown.items() if value is not None}
        return jwt.encode(said, key.private, algorithm=key.algorithm, headers=shown)

    def answer(self, path: str) -> Any:
        if path == "/jwks":
            return {"keys": [key.jwk for key in self.keys]} if self.jwks is None else self.jwks
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **self.metadata}

    def __enter__(self) -> Self:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                body = b"" if provider.down else json.dumps(provider.answer(self.path)).encode()
                self.send_response(503 if provider.down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:  # type: ignore[explicit-override]  # typing.override is of 3.12
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
