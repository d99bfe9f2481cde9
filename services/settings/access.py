"""Who may use what: tokens, who has none, keys of backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from services.errors import SettingError


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """How SDKs' tokens are verified."""

    token_secret: Annotated[
        str, Meta(description="Secret of tokens that are signed with HS256, HS384 or HS512. Without any key, none.")
    ] = ""
    token_previous_secret: Annotated[
        str, Meta(description="The secret before it, which is good as well while tokens are renewed.")
    ] = ""
    token_public_key: Annotated[
        str, Meta(description="PEM file with the public key of tokens that are signed with RS*, ES* or EdDSA.")
    ] = ""
    token_jwks_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://(\[[0-9A-Fa-f:.]+\]|[^/?#\s\[\]]+)[^\s]*)?$",
            description="Address of a JWKS document with the public keys; it replaces the other keys.",
        ),
    ] = ""
    token_audience: Annotated[str, Meta(description="The `aud` that tokens must name. Empty: any.")] = ""
    token_issuer: Annotated[str, Meta(description="The `iss` that tokens must name. Empty: any.")] = ""


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may use which topics."""

    anonymous: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="Whether clients without a token are let in. `auto`: only where `WINDSOCK_HOST` is this "
            "machine alone (127.0.0.1, localhost)."
        ),
    ] = "auto"
    anonymous_allow: Annotated[
        str,
        Meta(description="Topics that clients without a token may use, as patterns such as `weather:*`, by spaces."),
    ] = "*"
    allow: Annotated[
        str,
        Meta(description="Topics that clients may use whose token has no claim `allow`, as patterns, by spaces."),
    ] = "*"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Who may use the server API."""

    api_key: Annotated[
        str,
        Meta(
            description="Key of the server API (docs/server-api.md) for backends, and of `/v1/keys`. Empty: both are "
            "off."
        ),
    ] = ""
    api_previous_key: Annotated[
        str, Meta(description="The key before it, which is good as well while backends change theirs.")
    ] = ""

    def __post_init__(self) -> None:
        if self.api_previous_key and not self.api_key:
            raise SettingError("WINDSOCK_API_PREVIOUS_KEY is set without WINDSOCK_API_KEY; set both, or neither")
