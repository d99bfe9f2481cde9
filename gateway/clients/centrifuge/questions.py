"""What a channel holds, as the protocol shows it: who is there, and its history.

SDKs ask on their connections, backends over HTTP; both get these results. Raises Unavailable where Redis fails.
"""

from __future__ import annotations

from gateway import history
from gateway.channels import Channel
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import HistoryRequest
from gateway.presence import Presence
from services.batch import fitting, fitting_newest
from services.stream import END, Bound, Stream


async def presence_of(presence: Presence, channel: Channel, *, stats: bool) -> dict[str, object]:
    """The result of presence, or of presence_stats."""
    found = await presence.all(channel.name)
    infos = {client: replies.read_info(text) for client, text in found.items()}
    if stats:
        return {"num_clients": len(infos), "num_users": len({info.user for info in infos.values()})}
    return {"presence": infos}


async def history_of(stream: Stream, channel: Channel, asked: HistoryRequest, most: int) -> dict[str, object] | Refusal:
    """The result of history, of at most `most` publications, or why there is none."""
    since = asked.since
    if asked.limit < -1 or (asked.reverse and since is not None and not since.offset):
        return codes.BAD_REQUEST
    limit = most if asked.limit == -1 else min(asked.limit, most)
    bound: Bound = END if since is None else ("offset", since.offset)
    page = await history.read(stream, channel, "down" if asked.reverse else "up", bound, limit)
    if since is not None and since.epoch and since.epoch != page.top.epoch:
        return codes.UNRECOVERABLE_POSITION
    fit = fitting_newest if asked.reverse else fitting
    found = replies.publications(fit(page.batches, replies.REPLY_BYTES), wrapped=not channel.built_in)
    if asked.reverse:
        found.reverse()
    return {"publications": found, "epoch": page.top.epoch, "offset": page.top.offset}
