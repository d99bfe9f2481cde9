from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.errors import SettingError, Unavailable
from services.settings import TokenSettings
from services.tokens import ExpiredTokenError, Grant, Identity, InvalidTokenError, Tokens

SECRET = "a secret that is long enough for HS256 and for HS512 as well, as it should be"
NOW = 1_000_000.0


def tokens(**settings: str) -> Tokens:
    return Tokens(replace(TokenSettings(token_secret=SECRET), **settings), lambda: NOW)


def signed(key: Any = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **claims: Any) -> str:
    return jwt.encode(claims, key, algorithm, headers)


async def test_a_connection_token_tells_who_somebody_is() -> None:
    token = signed(sub="7", exp=NOW + 60, info={"name": "Ada"}, channels=["chat:a"])
    assert await tokens().connection(token) == Identity("7", b'{"name":"Ada"}', NOW + 60, ("chat:a",))


async def test_a_subscription_token_opens_a_channel() -> None:
    encoded = base64.b64encode(b'{"role":"admin"}').decode()
    token = signed(sub="7", channel="chat:a", client="c", b64info=encoded, expire_at=0, exp=NOW + 60)
    assert await tokens().subscription(token) == Grant("chat:a", "7", "c", b'{"role":"admin"}', None)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_the_previous_secret_is_good_as_well(algorithm: str) -> None:
    verifier = tokens(token_previous_secret="p" + SECRET)
    for secret in (SECRET, "p" + SECRET):
        assert (await verifier.connection(signed(secret, algorithm, sub="7"))).user == "7"
    with pytest.raises(InvalidTokenError):
        await verifier.connection(signed("x" + SECRET, algorithm, sub="7"))


async def test_a_token_that_was_good_once_has_expired() -> None:
    for claims in ({"exp": NOW}, {"nbf": time.time() + 3_600}):
        with pytest.raises(ExpiredTokenError):
            await tokens().connection(signed(sub="7", **claims))  # type: ignore[arg-type]


@pytest.mark.parametrize("claims", [{"exp": 10**400}, {"exp": float("inf")}, {"exp": 1_800_000_000_000}, {"iat": 2e9}])
async def test_a_time_that_is_very_late_is_never(claims: dict[str, Any]) -> None:
    assert (await tokens().connection(signed(**{"sub": "7"} | claims))).expires_at is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "x" * 20_000,
        signed(sub="7")[:-2],
        signed(sub=7),
        signed(sub="7", channel="chat:a"),
        signed(sub="7", channels="chat:a"),
        signed(sub="7", expire_at="tomorrow"),
        signed(sub="7", b64info="%"),
        signed(sub="7", info=2**70),
        signed(sub="\ud800"),
        signed(sub="7", exp=float("nan")),
        signed(sub="7", exp="soon"),
        jwt.encode({"sub": "7"}, "", "none"),
    ],
)
async def test_other_tokens_are_invalid(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        await tokens().connection(token)


async def test_audience_and_issuer_are_compared_where_they_are_set() -> None:
    verifier = tokens(token_audience="windsock", token_issuer="us")
    assert (await verifier.connection(signed(sub="7", aud="windsock", iss="us"))).user == "7"
    wrong: tuple[dict[str, Any], ...] = (
        {"aud": "windsock"},
        {"iss": "us"},
        {"aud": "other", "iss": "us"},
        {"aud": "windsock", "iss": "x"},
    )
    for claims in wrong:
        with pytest.raises(InvalidTokenError):
            await verifier.connection(signed(sub="7", **claims))
    assert (await tokens().connection(signed(sub="7", aud="anything"))).user == "7"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_public_key_verifies_what_its_other_half_signed(tmp_path: Path, algorithm: str) -> None:
    private = _private(algorithm)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path / "key.pem"
    file.write_bytes(pem)
    verifier = tokens(token_public_key=str(file))
    assert (await verifier.connection(signed(private, algorithm, sub="7"))).user == "7"
    others = [(_private(algorithm), algorithm), (_private("ES256"), "ES256"), (_private("RS256"), "RS256")]
    for other, name in [*others, (pem.decode(), "HS256")]:
        with pytest.raises(InvalidTokenError):
            await verifier.connection(_forged(other, name))


def test_a_key_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    for write in (lambda: None, lambda: file.write_text("nonsense")):
        write()
        with pytest.raises(SettingError, match="WINDSOCK_TOKEN_PUBLIC_KEY"):
            tokens(token_public_key=str(file))


def _forged(key: Any, algorithm: str) -> str:
    if algorithm == "HS256":  # by hand: PyJWT does not sign with a public key
        parts = [json.dumps(part).encode() for part in ({"alg": algorithm}, {"sub": "7"})]
        signed_part = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        mac = base64.urlsafe_b64encode(hmac.digest(key.encode(), signed_part, "sha256")).rstrip(b"=")
        return (signed_part + b"." + mac).decode()
    return signed(key, algorithm, sub="7")


def _private(algorithm: str) -> Any:
    if algorithm.startswith("RS"):
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


class KeyServer:
    """Serves a JWKS document."""

    def __init__(self) -> None:
        self.document: Any = {"keys": []}
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(outer.document).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


async def test_published_keys_are_fetched_once_and_again_for_a_new_one(keys: KeyServer) -> None:
    first, second = _private("RS256"), _private("ES256")
    now = NOW
    verifier = Tokens(TokenSettings(token_jwks_url=keys.url, token_secret=SECRET), lambda: now)
    keys.document = {"keys": [_published("one", first)]}
    token = signed(first, "RS256", {"kid": "one"}, sub="7")
    for _ in range(3):
        assert (await verifier.connection(token)).user == "7"
    assert keys.asked == 1
    later = signed(second, "ES256", {"kid": "two"}, sub="8")
    keys.document["keys"].append(_published("two", second))
    with pytest.raises(Unavailable):
        await verifier.connection(later)
    assert (await verifier.connection(token)).user == "7"
    now += 11
    assert (await verifier.connection(later)).user == "8"
    assert keys.asked == 2
    with pytest.raises(InvalidTokenError):
        await verifier.connection(signed(sub="7"))


async def test_keys_that_cannot_be_had_are_no_fault_of_the_token() -> None:
    verifier = tokens(token_jwks_url="http://127.0.0.1:9/keys")
    with pytest.raises(Unavailable):
        await verifier.connection(signed(_private("RS256"), "RS256", {"kid": "one"}, sub="7"))


def _published(key_id: str, private: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    public: dict[str, Any] = json.loads(algorithm.to_jwk(private.public_key()))
    return public | {"kid": key_id}


@pytest.mark.parametrize("allow", [None, "readings", {"readings": True}, [1], ["readings", None]])
async def test_what_a_token_allows_is_a_list_of_patterns_or_not_said(allow: object) -> None:
    with pytest.raises(InvalidTokenError):
        await tokens().connection(signed(sub="7", allow=allow))
    assert (await tokens().connection(signed(sub="7"))).allow is None
    assert (await tokens().connection(signed(sub="7", allow=[]))).allow == ()
