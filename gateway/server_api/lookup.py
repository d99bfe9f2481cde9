"""The channel that a request names. Pure."""

from __future__ import annotations

from gateway.channels import BadChannelError, Channel, Channels, UnknownChannelError
from gateway.clients.centrifuge import codes
from gateway.server_api.requests import RefusedError, refused


def found(channels: Channels, name: str) -> Channel:
    """Raises RefusedError."""
    try:
        return channels.find(name)
    except UnknownChannelError:
        raise RefusedError(codes.UNKNOWN_CHANNEL) from None
    except BadChannelError:
        raise refused(codes.BAD_REQUEST, "not the name of a channel") from None
