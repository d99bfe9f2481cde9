"""Runs rooms in one process: binds the port, checks Redis, builds, serves, stops in order.

Everything that can be wrong on start raises StartError before the first connection is taken.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Mapping, Sequence

import uvicorn

from services import environment, logs
from services.addresses import Proxies
from services.assembly import assembled
from services.errors import StartError
from services.http_wire import bounded
from services.server import Server
from services.settings import CommonSettings, GatewaySettings, IngestSettings

UNREAD_MS = 60_000
"""After so long the kernel drops a connection whose peer takes nothing of what was sent (tcp(7))."""
NEW_OBJECTS = 100_000
"""Containers made since, and still there, before Python looks for cycles among them."""
SPARE_FILES = 200
"""Open files beside those of connections: Redis, logs."""


log = logs.get("serve")


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises StartError naming the address and the cause."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        try:
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        raise StartError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; "
            "stop what uses it, or set WINDSOCK_PORT (and WINDSOCK_HOST)"
        ) from None
    return listener


def collect_rarely() -> None:
    """Let Python look for cycles only where there may be some: not among what is here to stay, nor after every 700
    objects. With its defaults, looking takes a third of ingest's time and a quarter of a connect's, and with 5,000
    clients stops everything for 370 ms (`make bench`, scenarios "intake" and "connections").
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)


def allow_connections(wanted: int) -> int:
    """Raise this process's limit of open files, one for each connection; how many connections it has room for."""
    import resource  # POSIX only, as the commands that talk to a server are not

    files = wanted + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if possible > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(1, max(possible, soft) - SPARE_FILES)


async def serve(
    names: Sequence[str],
    environ: Mapping[str, str],
    listener: socket.socket,
    redis_url: str,
    started: Callable[[], None] = lambda: None,
    stopping: Callable[[], object] = lambda: None,
) -> None:
    """Run the rooms `names` on `listener` until SIGINT or SIGTERM; calls `started` once it serves, and `stopping` when
    the signal comes.

    Raises StartError if Redis or a setting is unusable, and an exception group when a room's task died.
    """
    common = environment.load(CommonSettings, environ)
    gateway = environment.load(GatewaySettings, environ)
    sockets = gateway.connections + environment.load(IngestSettings, environ).device_sockets
    wanted = sockets + common.http_connections
    trusted = common.trusted_proxies.split()
    most = min(wanted, allow_connections(wanted))
    async with assembled(names, environ, redis_url) as assembly:

        async def drain() -> None:
            stopping()
            await assembly.drain()

        server = Server(
            uvicorn.Config(
                assembly.application,
                interface="asgi3",
                http=bounded(
                    most, common.head_s, common.head_bytes, assembly.shared.refusals, assembly.lanes, Proxies(trusted)
                ),
                ws=next((room.wire for room in assembly.rooms if room.wire), "websockets-sansio"),
                ws_max_size=gateway.message_bytes,
                ws_per_message_deflate=False,
                log_config=None,
                access_log=False,
                proxy_headers=bool(trusted),
                forwarded_allow_ips=trusted,
                server_header=False,
                timeout_graceful_shutdown=common.shutdown_s,
            ),
            started,
            drain,
        )
        if most < sockets:
            log.warning("the limit of open files allows fewer connections; raise it (ulimit -n)", connections=most)
        server.stop_on_signals()
        async with assembly.running():
            collect_rarely()
            await server.serve(sockets=[listener])
