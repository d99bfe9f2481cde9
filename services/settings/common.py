"""What every service reads."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from services.errors import SettingError
from services.settings.bounds import BILLION, DAY_S, GIBIBYTE


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """What every service reads."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes any free one.")] = 8080
    redis_url: Annotated[
        str,
        Meta(
            description="`redis://`, `rediss://` or `unix://` URL. Empty: `windsock up` starts a private server; "
            "the single services use `redis://127.0.0.1:6379/0`."
        ),
    ] = ""
    data_dir: Annotated[str, Meta(min_length=1, description="Where the private Redis server keeps its files.")] = (
        "./data"
    )
    redis_fsync: Annotated[
        Literal["always", "everysec"],
        Meta(
            description="`appendfsync` of the private server: `always` keeps every acknowledged reading through a "
            "power cut, `everysec` may lose the last second of them."
        ),
    ] = "always"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe log line that is written.")
    ] = "info"
    http_connections: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most open HTTP connections, beside WebSockets; above it 503.")
    ] = 2_000
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Addresses or networks (CIDR) of proxies, by spaces, whose `X-Forwarded-For` tells a client's "
            "address; `*` for any."
        ),
    ] = ""
    head_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Seconds that the head of an HTTP request may take; then 408.")
    ] = 10.0
    head_bytes: Annotated[
        int, Meta(ge=1_024, le=GIBIBYTE, description="Largest head of an HTTP request; above it 431.")
    ] = 65_536
    shutdown_s: Annotated[
        int, Meta(ge=1, le=300, description="Seconds that open requests get to finish on SIGTERM or Ctrl-C.")
    ] = 5

    def __post_init__(self) -> None:
        for name in self.trusted_proxies.split():
            try:
                if name != "*":
                    ipaddress.ip_network(name)
            except ValueError as error:
                raise SettingError(f"WINDSOCK_TRUSTED_PROXIES: {error}; write it as in 10.0.0.0/8") from None
