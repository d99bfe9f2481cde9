"""What all connections of the protocol have in common on one gateway."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.broker import Broker
from gateway.channels import Channels
from gateway.clients.centrifuge.pings import Pings
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.door import Door
from gateway.jobs import Jobs
from gateway.mesh import Mesh
from gateway.presence import Presence
from gateway.reads import Reads
from gateway.roster import Roster
from gateway.snapshots import Snapshots
from gateway.sources import Sources
from services.access import Access
from services.revocations import Revocations
from services.settings import GatewaySettings
from services.stream import Stream
from services.tokens import Tokens
from services.writer import Writer


@dataclass(frozen=True, slots=True)
class Shared:
    """Built once, in `gateway.app`."""

    door: Door
    broker: Broker
    mesh: Mesh
    stream: Stream
    reads: Reads
    sources: Sources
    snapshots: Snapshots
    writer: Writer
    procedures: Procedures
    channels: Channels
    presence: Presence
    tokens: Tokens
    access: Access
    revocations: Revocations
    roster: Roster
    jobs: Jobs
    pings: Pings
    settings: GatewaySettings
