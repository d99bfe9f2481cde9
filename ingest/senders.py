"""Who posts, and what they may.

Each question has two forms: one that answers at once from what is known here, which almost every request is content
with, and one that asks Redis. A key that is sent is held to its scope, whether keys are needed or not; what is not
meant as a device key (clients of some formats must send something) counts as none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from ingest.admission import Bucket, Buckets
from ingest.key_ring import Holder, KeyRing, Opened
from services.addresses import counted
from services.device_keys import looks_like_key
from services.errors import (
    Fault,
    FaultyInput,
    Forbidden,
    OutOfScope,
    TooManyDevices,
    TooManyMetrics,
    TooManyRequests,
    Unauthorized,
)
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

        False if `admit` must be asked. Raises TooManyRequests.
        """
        now = self._clock()
        if sender.holder is not None:
            if not self._ring.is_good(sender.holder, now):
                return False
            opened = sender.holder.opened
            if not _all_in_scope(opened, readings):
                return False
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

    async def admit(self, sender: Sender, readings: Sequence[Reading | None], *, skip: bool = False) -> Sequence[Fault]:
        """Whether all of `readings` may be stored, and count those that may; the faults of the others.

        There are others only with `skip`, and while one is left that may be stored. Otherwise raises OutOfScope for
        devices or metrics that are not the sender's, TooManyDevices or TooManyMetrics: the first of these that is so,
        with all faults. Always raises TooLarge for more topics than one commit takes, TooManyRequests, Unauthorized if
        its key is not good any more, and Unavailable if that cannot be told.
        """
        holder = sender.holder
        sieve = _Sieve(readings, skip=skip)
        if holder is not None:
            await self.check(sender)
            sieve.leave_out(_out_of_scope(holder.opened, sieve.left), OutOfScope)
        self._metrics.check_topics(sieve.left)
        self._paced(sender, self._clock())
        if holder is not None and holder.opened.devices is not None:
            devices = [() if one is None else (one.device,) for one in sieve.left]
            without_room = await holder.opened.devices.note(devices, each_alone=skip)
            sieve.leave_out(_too_many_devices(holder.opened, without_room), TooManyDevices)
        by = holder.opened.id if holder else sender.counted_as
        sieve.leave_out(await self._metrics.note(sieve.left, by, skip=skip), TooManyMetrics)
        self._charge(sender, sieve.left, self._clock())
        return sieve.faults

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


class _Sieve:
    """Readings of which those that may not be stored are left out; without `skip` one of them refuses all."""

    def __init__(self, readings: Sequence[Reading | None], *, skip: bool) -> None:
        self.left = list(readings)
        self.faults: list[Fault] = []
        self._skip = skip
        self._first: type[FaultyInput] | None = None

    def leave_out(self, faults: Sequence[Fault], error: type[FaultyInput]) -> None:
        """Those that `faults` are of.

        If nothing is left, raises the first `error` that was given, with all faults, its own in front.
        """
        if not faults:
            return
        self._first = self._first or error
        self.faults += faults
        out = {fault.index for fault in faults}
        self.left = [None if index in out else one for index, one in enumerate(self.left)]
        if not (self._skip and any(self.left)):
            raise self._first(self.faults)


def _all_in_scope(opened: Opened, readings: Sequence[Reading | None]) -> bool:
    return opened.opens_all or not any(_foreign(opened, one)[0] for one in readings if one is not None)


def _out_of_scope(opened: Opened, readings: Sequence[Reading | None]) -> list[Fault]:
    if opened.opens_all:
        return []
    found = ((index, _foreign(opened, one)) for index, one in enumerate(readings) if one is not None)
    return [Fault(index, field, f"this key is not for {name}") for index, (field, name) in found if field]


def _foreign(opened: Opened, one: Reading) -> tuple[str, str]:
    """The field and name of what the key is not for; empty if there is none."""
    if not opened.opens_device(one.device):
        return "device", one.device
    metric = opened.foreign_metric(one.values)
    return ("", "") if metric is None else (f"values.{metric}", metric)


def _too_many_devices(opened: Opened, devices: Mapping[int, str]) -> list[Fault]:
    reason = f"would be one more than the {opened.most_devices} devices of this key"
    return [Fault(index, "device", f"{device} {reason}") for index, device in sorted(devices.items())]
