"""Puts the gateway together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.routing import BaseRoute

from gateway import docs, page
from gateway.api import ReadApi
from gateway.broker import Broker
from gateway.channels import Channels
from gateway.clients.centrifuge import shared as centrifuge
from gateway.clients.centrifuge.endpoint import CentrifugeSockets
from gateway.clients.centrifuge.http import CentrifugeStreams
from gateway.clients.centrifuge.pings import Pings
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.centrifuge.replies import REPLY_BYTES
from gateway.clients.door import Door
from gateway.clients.heartbeat import Heartbeat
from gateway.clients.plain import PlainSockets
from gateway.clients.sse import Events
from gateway.clients.visitor import Guests
from gateway.clients.weather import Cities
from gateway.commands import Commander
from gateway.compare_api import CompareApi
from gateway.devices import Devices
from gateway.ebb import give_back_for_ever
from gateway.evictions import Evictions
from gateway.freshness_watch import FreshnessWatch, now_ms
from gateway.identities import Identities
from gateway.interest import Interest
from gateway.jobs import Jobs
from gateway.live_comparisons import LiveComparisons, Sides
from gateway.mesh import Mesh
from gateway.place_questions import PlaceQuestions
from gateway.presence import Presence
from gateway.reads import Reads
from gateway.report import GatewayReport
from gateway.roster import Roster
from gateway.server_api.endpoint import ServerApi
from gateway.server_api.fleet import Fleet
from gateway.server_api.methods import Methods
from gateway.server_api.publishing import Publishing
from gateway.shown_places import ShownPlaces
from gateway.snapshots import Snapshots
from gateway.sources import Sources
from gateway.sweep import sweep_for_ever
from services import environment, weather_status
from services.access import Access
from services.api_key import ApiKey
from services.background import background
from services.commands import Commands
from services.device_access import DeviceAccess
from services.metric_names import MetricNames
from services.places import Places
from services.reading import Limits
from services.revocations import Revocations
from services.room import Room, Shared
from services.settings import (
    AccessSettings,
    ApiSettings,
    CommonSettings,
    DeviceSettings,
    GatewaySettings,
    IngestSettings,
    TokenSettings,
)
from services.tokens import Tokens


def build(shared: Shared) -> Room:
    """The gateway room; ready while Redis pub/sub is heard."""
    limits = environment.load(GatewaySettings, shared.environ)
    intake = environment.load(IngestSettings, shared.environ)
    posting = environment.load(DeviceSettings, shared.environ)
    broker = Broker(shared.vital, shared.redis_url, shared.stream, limits)
    mesh = Mesh(shared.vital, broker)
    reads = Reads(shared.stream)
    sides = Sides(shared.redis, shared.stream)
    comparisons = LiveComparisons(broker, sides, now_ms)
    sources = Sources(broker, comparisons, reads, limits.history_page)
    places = Places(shared.redis)
    devices = Devices(shared.stream, limits.devices_page)
    watch = FreshnessWatch(shared.redis, broker, reads, shared.registry)
    questions = PlaceQuestions(mesh, places, limits, shared.registry)
    interest = Interest(broker, places, questions, limits.interest_s, mesh.node, shared.registry)
    cities = Cities(broker, shared.stream, places, questions, interest, watch, limits)
    heartbeat = Heartbeat(lambda: not broker.unready(), limits.status_s)
    common = environment.load(CommonSettings, shared.environ)
    door = Door(limits, shared.refusals, broker.joiner, common.host)
    token_settings = environment.load(TokenSettings, shared.environ)
    tokens, roster, revocations = Tokens(token_settings), Roster(), Revocations(shared.redis)
    access = Access(environment.load(AccessSettings, shared.environ), common.host)
    identities = Identities(tokens, access, revocations)
    guests = Guests(identities, roster)
    evictions = Evictions(broker, revocations, roster)
    sockets = PlainSockets(
        door,
        broker,
        shared.stream,
        sources,
        shared.writer,
        cities,
        heartbeat,
        limits,
        guests,
        limits=Limits(intake.batch_readings, intake.reading_metrics, intake.ts_ahead_s),
        group_topics=shared.streams.group_topics,
        metrics=MetricNames(shared.redis, posting, shared.streams),
        needs_key=DeviceAccess(posting, token_settings, common.host).needs_key,
    )
    commander = Commander(mesh, shared.writer, Commands(shared.redis), limits, shared.registry)
    procedures = Procedures(shared.stream, cities, commander, devices, lambda: not broker.unready())
    snapshots = Snapshots(
        shared.stream,
        limits,
        shared.streams,
        REPLY_BYTES,
        statuses=partial(weather_status.read, shared.redis),
        now_ms=now_ms,
    )
    channels, presence = Channels(limits.namespaces), Presence(shared.redis)
    jobs, pings = Jobs(), Pings(limits.ping_s, limits.pong_s)
    sdks = centrifuge.Shared(
        door,
        broker,
        mesh,
        shared.stream,
        reads,
        sources,
        snapshots,
        watch,
        shared.writer,
        procedures,
        channels,
        presence,
        tokens,
        access,
        revocations,
        roster,
        jobs,
        pings,
        limits,
    )
    sdk_sockets, sdk_streams = CentrifugeSockets(sdks), CentrifugeStreams(sdks)
    events = Events(door, broker.hub, sources, guests, watch, limits)
    publishing = Publishing(channels, broker, shared.writer, shared.streams.commit_topics)
    fleet = Fleet(mesh, roster, broker.hub, channels, lambda: door.seats.taken)
    methods = Methods(
        publishing,
        fleet,
        channels,
        presence,
        shared.stream,
        revocations,
        procedures,
        limits.history_page,
        shared.registry,
    )
    server_api = ServerApi(ApiKey(environment.load(ApiSettings, shared.environ)), methods, intake)
    shared.registry.register(GatewayReport(broker, door, comparisons))
    beside = (
        mesh.run,
        evictions.run,
        presence.keep,
        interest.run,
        watch.run,
        heartbeat.run,
        pings.run,
        jobs.run,
        reads.run,
        partial(sweep_for_ever, shared.stream),
        partial(give_back_for_ever, lambda: door.seats.taken),
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        access.say(common.host, keys=tokens.has_keys)
        async with broker.running(), background(*beside):
            yield

    api = ReadApi(shared.stream, devices, ShownPlaces(shared.redis, shared.stream, places, now_ms), identities, limits)
    compare = CompareApi(shared.stream, sides, places, identities, interest, now_ms)
    routes: list[BaseRoute] = [
        *api.routes(),
        *compare.routes(),
        *server_api.routes(),
        *sockets.routes(),
        *sdk_sockets.routes(),
        *sdk_streams.routes(),
        *events.routes(),
        *docs.routes(),
        *page.routes(door),
    ]
    return Room("gateway", routes, running, broker.unready, door.drain, wire="gateway.wire:WireProtocol")
