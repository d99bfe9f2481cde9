"""Who a client is, by a JSON Web Token (RFC 7519) with Centrifugo's claims (centrifugal.dev, 'Authentication').

A connection token names the user (`sub`), what others are shown of it (`info`), until when it holds (`exp`, or
`expire_at` for the connection) and the channels that the server subscribes it to (`channels`). A subscription token
opens one channel for one user. `allow` lists patterns of the topics that the user may use. Keys: a secret (and the
one before it), a public key, or a JWKS address (RFC 7517).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services import logs
from services.errors import SettingError, Unavailable
from services.settings import TokenSettings

HMAC = ("HS256", "HS384", "HS512")
FAMILIES = {"RSA": "RS", "EC": "ES", "OKP": "EdDSA"}
"""Type of a JWK (RFC 7518, section 6.1) → what the names of its algorithms begin with."""
NOTHING = "-"
NEVER_S = 100_000_000_000
"""Later than the year 5000: most likely milliseconds."""
KEYS_KEPT_S = 3_600.0
KEYS_WITHIN_S = 1.0
KEYS_AGAIN_S = 10.0
"""Shortest time between two questions for keys: a token with an unknown key id must not make a flood."""
LONGEST = 16_384
SHORTEST_SECRET = 32
"""Bytes that a secret should have at least (RFC 7518, section 3.2)."""

log = logs.get("tokens")
warnings.filterwarnings("ignore", category=jwt.warnings.InsecureKeyLengthWarning)  # said once, on start


class InvalidTokenError(Exception):
    """The token cannot be believed."""


class ExpiredTokenError(Exception):
    """The token was good once."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection is. Times are Unix seconds, None for never or unknown; `info` is JSON or nothing."""

    user: str = ""
    info: bytes = b""
    expires_at: float | None = None
    channels: tuple[str, ...] = ()
    token_id: str = ""
    issued_at: float | None = None
    allow: tuple[str, ...] | None = None
    """Patterns of the topics that it may use; None where the token says nothing of it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A channel opened for a user (and, if `client` is set, for one connection of it alone)."""

    channel: str
    user: str
    client: str = ""
    info: bytes = b""
    expires_at: float | None = None
    token_id: str = ""
    issued_at: float | None = None


class Tokens:
    """Verifies tokens with the keys of the settings."""

    def __init__(self, settings: TokenSettings, clock: Callable[[], float] = time.time) -> None:
        """Raises SettingError for a key that cannot be read."""
        self._settings = settings
        self._clock = clock
        for secret in (settings.token_secret, settings.token_previous_secret):
            if 0 < len(secret.encode()) < SHORTEST_SECRET:
                log.warning("a token secret is short and may be guessed", characters=len(secret))
        self._secrets = [one for one in (settings.token_secret, settings.token_previous_secret) if one]
        self._public = _public_key(settings.token_public_key)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_until = self._ask_again = 0.0
        self._asking = asyncio.Lock()

    @property
    def has_keys(self) -> bool:
        """Whether any token can be believed."""
        return bool(self._secrets or self._public or self._settings.token_jwks_url)

    async def connection(self, token: str) -> Identity:
        """Raises InvalidTokenError, ExpiredTokenError, or Unavailable if the keys cannot be had."""
        claims = await self._claims(token)
        if "channel" in claims:
            raise InvalidTokenError("a subscription token cannot open a connection")
        expires_at = _expiry(claims)
        if expires_at is not None and expires_at <= self._clock():
            raise ExpiredTokenError("the connection has expired")
        channels, subs = _list(claims, "channels") or (), claims.get("subs", {})
        if not isinstance(subs, dict):
            raise InvalidTokenError("subs is not an object with channels")
        return Identity(
            _text(claims, "sub"),
            _info(claims),
            expires_at,
            (*channels, *subs),
            _text(claims, "jti"),
            _seconds(claims, "iat"),
            _allowed(claims),
        )

    async def subscription(self, token: str) -> Grant:
        """Raises as `connection` does."""
        claims = await self._claims(token)
        channel = _text(claims, "channel")
        if not channel:
            raise InvalidTokenError("the token names no channel")
        return Grant(
            channel,
            _text(claims, "sub"),
            _text(claims, "client"),
            _info(claims),
            _expiry(claims),
            _text(claims, "jti"),
            _seconds(claims, "iat"),
        )

    async def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > LONGEST:
            raise InvalidTokenError("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError(str(error)) from None
        reason = f"no key for a token signed with {str(header.get('alg'))[:16]!r}"
        for key in await self._candidates(header):
            try:
                claims = self._decoded(token, key, str(header["alg"]))
            except jwt.ImmatureSignatureError:
                raise ExpiredTokenError("the token does not hold yet") from None
            except (jwt.PyJWTError, TypeError, ValueError) as error:
                reason = str(error)
                continue
            expires = _seconds(claims, "exp")
            if expires is not None and expires <= self._clock():
                raise ExpiredTokenError("the token has expired")
            return claims
        raise InvalidTokenError(reason)

    def _decoded(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        settings = self._settings
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=settings.token_audience or None,
            issuer=settings.token_issuer or None,
            options={
                "verify_exp": False,
                "verify_aud": bool(settings.token_audience),
                "verify_sub": False,
                "verify_iat": False,
            },
        )
        return claims

    async def _candidates(self, header: Mapping[str, Any]) -> Sequence[Any]:
        """The keys that may have signed; a token never chooses the kind of key itself."""
        algorithm = str(header.get("alg"))
        if self._settings.token_jwks_url:
            key_id = header.get("kid")
            if not isinstance(key_id, str) or not key_id or algorithm in HMAC:
                return []
            key = await self._published_key(key_id)
            return [key] if algorithm.startswith(FAMILIES.get(str(key.key_type), NOTHING)) else []
        if algorithm in HMAC:
            return self._secrets
        return [self._public] if self._public is not None and algorithm.startswith(_family(self._public)) else []

    async def _published_key(self, key_id: str) -> jwt.PyJWK:
        if key_id in self._keys and self._clock() <= self._keys_until:
            return self._keys[key_id]
        async with self._asking:
            now, known = self._clock(), self._keys.get(key_id)
            if known is not None and (now <= self._keys_until or now < self._ask_again):
                return known
            if now < self._ask_again:
                raise Unavailable("the keys of tokens were asked for a moment ago")
            self._ask_again = now + KEYS_AGAIN_S
            try:
                await self._ask_for_keys()
            except Unavailable:
                if known is not None:
                    return known
                raise
        if key_id not in self._keys:
            raise InvalidTokenError(f"no key is called {key_id[:64]!r}")
        return self._keys[key_id]

    async def _ask_for_keys(self) -> None:
        try:
            async with asyncio.timeout(2 * KEYS_WITHIN_S), httpx.AsyncClient(timeout=KEYS_WITHIN_S) as http:
                answer = await http.get(self._settings.token_jwks_url)
                answer.raise_for_status()
                found = jwt.PyJWKSet.from_dict(answer.json())
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            ValueError,
            AttributeError,
            ImportError,
            RecursionError,
            OSError,
            jwt.PyJWTError,
        ) as error:
            raise Unavailable(f"the keys of tokens cannot be had: {error}") from None
        self._keys = {key.key_id: key for key in found.keys if key.key_id}
        self._keys_until = self._clock() + KEYS_KEPT_S


def _public_key(file: str) -> Any:
    if not file:
        return None
    try:
        key = load_pem_public_key(Path(file).read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SettingError(f"WINDSOCK_TOKEN_PUBLIC_KEY={file!r}: {error}") from None
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise SettingError(f"WINDSOCK_TOKEN_PUBLIC_KEY={file!r}: it is no RSA, EC or Ed25519 key")
    return key


def _family(key: Any) -> str:
    """What the names of the algorithms of a public key begin with."""
    if isinstance(key, rsa.RSAPublicKey):
        return "RS"
    return "ES" if isinstance(key, ec.EllipticCurvePublicKey) else "EdDSA"


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise InvalidTokenError(f"{name} is not a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidTokenError(f"{name} is not Unicode text") from None
    return value


def _list(claims: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidTokenError(f"{name} is not a list of strings")
    return tuple(value)


def _allowed(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """None only where nothing is said: null must not open everything."""
    if "allow" in claims and claims["allow"] is None:
        raise InvalidTokenError("allow is null")
    return _list(claims, "allow")


def _info(claims: Mapping[str, Any]) -> bytes:
    encoded = claims.get("b64info")
    if isinstance(encoded, str):
        try:
            info = base64.b64decode(encoded, validate=True)
            orjson.loads(info)
        except (binascii.Error, ValueError):
            raise InvalidTokenError("b64info is not JSON in Base64") from None
        return info.replace(b"\n", b" ").replace(b"\r", b" ")
    try:
        return orjson.dumps(claims["info"]) if claims.get("info") is not None else b""
    except TypeError as error:
        raise InvalidTokenError(f"info: {error}") from None


def _expiry(claims: Mapping[str, Any]) -> float | None:
    """`expire_at` instead of `exp`; 0 is never."""
    return _seconds(claims, "expire_at" if "expire_at" in claims else "exp") or None


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A time in Unix seconds; None if it is not there, or so late that it is never."""
    at = claims.get(name)
    if at is None:
        return None
    if isinstance(at, bool) or not isinstance(at, int | float) or at != at:
        raise InvalidTokenError(f"{name} is not a number")
    if at < 0:
        raise InvalidTokenError(f"{name} is before 1970")
    return float(at) if at < NEVER_S else None
