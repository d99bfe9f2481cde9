"""Who posts, and what they may.

Each question has two forms: one that answers at once from what is known here, which almost every request is content
with, and one that asks Redis. A key that is sent is held to its scope, whether keys are needed or not; what is not
meant as a device key (clients of some formats must send something) counts as none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from ingest.admission import Bucket, Buckets
from ingest.key_ring import Holder, KeyRing, Opened
from services.addresses import counted
from services.device_keys import looks_like_key
from services.errors import Fault, Forbidden, OutOfScope, TooManyDevices, TooManyRequests, Unauthorized
from services.metric_names import MetricNames
from services.reading import Reading
from services.settings import DeviceSettings

NO_KEY = "a device key is needed: send it as Authorization: Bearer <key>, or as X-API-Key"


class Sender(msgspec.Struct, frozen=True, gc=False):
    """Who posts: the holder of a key, or whoever is at an address. May be kept for as long as a connection lasts."""

    address: str
    holder: Holder | None = None
    bucket: Bucket | None = None
    """The limit of its readings, if it has one."""

    @property
    def name(self) -> str:
        """What tells its requests from those of others: the id of its key. Those without one are told by nothing."""
        return self.holder.opened.id if self.holder else "-"

    @property
    def counted_as(self) -> str:
        """The address by which one without a key is limited; empty if it is not."""
        return "" if self.holder else counted(self.address)

    @property
    def only_device(self) -> str | None:
        """The one device that its key is for, if it is one."""
        return self.holder.opened.only_device if self.holder else None


class Senders:
    """The verdicts. `metrics` are those of all devices together."""

    def __init__(
        self,
        ring: KeyRing,
        metrics: MetricNames,
        settings: DeviceSettings,
        *,
        needs_key: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring = ring
        self._metrics = metrics
        self._needs_key = needs_key
        self._clock = clock
        self._buckets = Buckets(settings.address_readings_per_s)

    def known(self, credentials: str | None, address: str) -> Sender | None:
        """Who it is; None if `identified` must be asked. Raises Unauthorized."""
        now = self._clock()
        if credentials is None or not looks_like_key(credentials):
            if self._needs_key:
                raise Unauthorized(NO_KEY)
            home = counted(address)
            return Sender(address, None, self._buckets.of(home, now) if home else None)
        holder = self._ring.known(credentials, now)
        return Sender(address, holder, holder.opened.bucket) if holder else None

    async def identified(self, credentials: str | None, address: str) -> Sender:
        """Who it is. Raises Unauthorized, TooManyRequests, and Unavailable if that cannot be told."""
        if sender := self.known(credentials, address):
            return sender
        assert credentials is not None
        holder = await self._ring.found(credentials, address)
        return Sender(address, holder, holder.opened.bucket)

    def admits(self, sender: Sender, readings: Sequence[Reading | None]) -> bool:
        """Whether all of `readings` may be stored (None: one that was left out), and count them if so.

        False if `admit` must be asked. Raises what `admit` raises.
        """
        now = self._clock()
        if sender.holder is not None:
            if not self._ring.is_good(sender.holder, now):
                return False
            opened = sender.holder.opened
            _hold_to_scope(opened, readings)
            if opened.devices is not None:
                devices = opened.devices.known(now)
                for one in readings:
                    if one is not None and one.device not in devices:
                        return False
        metrics = self._metrics.known(now)
        for one in readings:
            if one is not None and not one.values.keys() <= metrics:
                return False
        self._charge(sender, readings, now)
        return True

    async def admit(self, sender: Sender, readings: Sequence[Reading | None]) -> None:
        """Whether all of `readings` may be stored, and count them if so.

        Raises OutOfScope for a device or metric that is not the sender's, TooManyDevices, TooManyMetrics,
        TooLarge for more topics than one commit takes,
        TooManyRequests, Unauthorized if its key is not good any more, and Unavailable if that cannot be told.
        """
        holder = sender.holder
        if holder is not None:
            await self.check(sender)
            _hold_to_scope(holder.opened, readings)
        self._metrics.check_topics(readings)
        self._paced(sender, self._clock())
        if holder is not None and holder.opened.devices is not None:
            new = await holder.opened.devices.note(dict.fromkeys(one.device for one in readings if one is not None))
            if new is not None:
                raise TooManyDevices([_too_many_devices(holder.opened, new, readings)])
        await self._metrics.note(readings, holder.opened.id if holder else sender.counted_as)
        self._charge(sender, readings, self._clock())

    async def of_device(self, credentials: str | None, address: str, device: str) -> Sender:
        """Who speaks for `device`, as for its commands. Raises what `identified` raises, and Forbidden."""
        sender = await self.identified(credentials, address)
        if sender.holder is not None and not sender.holder.opened.opens_device(device):
            raise Forbidden(f"this key is not for {device}")
        return sender

    async def check(self, sender: Sender) -> None:
        """Raises Unauthorized once its key is not good any more, and Unavailable if that cannot be told."""
        if sender.holder is not None and not self._ring.is_good(sender.holder, self._clock()):
            await self._ring.check(sender.holder)

    def _charge(self, sender: Sender, readings: Sequence[Reading | None], now: float) -> None:
        if sender.bucket is not None:
            self._paced(sender, now)
            sender.bucket.take(len(readings) - readings.count(None))

    def _paced(self, sender: Sender, now: float) -> None:
        bucket = sender.bucket
        if bucket is not None and (wait_s := bucket.wait_s(now)):
            whose, policy = ("with this key", "key") if sender.holder else ("from this address", "address")
            raise TooManyRequests(
                f"more than {bucket.per_s:g} readings a second come {whose}", policy, bucket.per_s, wait_s
            )


def _hold_to_scope(opened: Opened, readings: Sequence[Reading | None]) -> None:
    if opened.opens_all:
        return
    for index, one in enumerate(readings):
        if one is None:
            continue
        if not opened.opens_device(one.device):
            raise OutOfScope([Fault(index, "device", f"this key is not for {one.device}")])
        metric = opened.foreign_metric(one.values)
        if metric is not None:
            raise OutOfScope([Fault(index, f"values.{metric}", f"this key is not for {metric}")])


def _too_many_devices(opened: Opened, device: str, readings: Sequence[Reading | None]) -> Fault:
    index = next(i for i, one in enumerate(readings) if one is not None and one.device == device)
    return Fault(index, "device", f"{device} would be one more than the {opened.most_devices} devices of this key")
