"""Puts together who decides about senders, the same in every process that takes readings."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ingest.key_ring import KeyRing
from ingest.senders import Senders
from services import environment
from services.device_access import DeviceAccess
from services.key_store import KeyStore
from services.metric_names import MetricNames
from services.room import Shared
from services.settings import CommonSettings, DeviceSettings, TokenSettings


@dataclass(frozen=True, slots=True)
class Gate:
    """`ring.watch` must be running for keys to be known."""

    access: DeviceAccess
    store: KeyStore
    ring: KeyRing
    senders: Senders


def build(shared: Shared) -> Gate:
    """The gate over what a process shares. Raises SettingError."""
    devices = environment.load(DeviceSettings, shared.environ)
    host = environment.load(CommonSettings, shared.environ).host
    access = DeviceAccess(devices, environment.load(TokenSettings, shared.environ), host)
    store = KeyStore(shared.redis, devices.keys_max, now_ms)
    ring = KeyRing(store, shared.redis, devices, shared.streams.topic_ttl_s, shared.registry)
    metrics = MetricNames(shared.redis, devices, shared.streams)
    return Gate(access, store, ring, Senders(ring, metrics, devices, needs_key=access.needs_key))


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
