"""Whether devices need keys. Pure."""

from __future__ import annotations

from services import logs
from services.addresses import is_this_machine
from services.settings import DeviceSettings, TokenSettings

log = logs.get("access")


class DeviceAccess:
    """The settings' answer."""

    def __init__(self, settings: DeviceSettings, tokens: TokenSettings, host: str) -> None:
        """`host` is the address that is listened on."""
        self._said = settings.auth
        self._host = host
        has_token_key = bool(tokens.token_secret or tokens.token_public_key or tokens.token_jwks_url)
        self.needs_key = {
            "open": False,
            "required": True,
            "with-secret": has_token_key,
            "auto": not is_this_machine(host),
        }[settings.auth]

    def say(self) -> None:
        """Tell the log."""
        if self.needs_key:
            log.info("devices need keys (WINDSOCK_AUTH)", auth=self._said, host=self._host)
        elif is_this_machine(self._host):
            log.info("devices of this machine need no keys (WINDSOCK_AUTH)", auth=self._said, host=self._host)
        else:
            log.warning(
                "anybody who reaches this address may post readings and answer commands without a key (WINDSOCK_AUTH)",
                auth=self._said,
                host=self._host,
            )
