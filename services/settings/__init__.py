"""Settings: frozen dataclasses, a module for each room. A field `outbox_bytes` is the variable `WINDSOCK_OUTBOX_BYTES`.

Its type carries the bounds, and its description is the row in `docs/settings.md` (a test compares the two).
`services.environment` reads them.
"""

from __future__ import annotations

from services.settings.access import AccessSettings, ApiSettings, TokenSettings
from services.settings.common import CommonSettings
from services.settings.gateway import GatewaySettings
from services.settings.ingest import DeviceSettings, IngestSettings, LineSettings
from services.settings.mqtt import MqttSettings
from services.settings.stream import StreamSettings
from services.settings.weather import WeatherSettings

__all__ = [
    "GROUPS",
    "AccessSettings",
    "ApiSettings",
    "CommonSettings",
    "DeviceSettings",
    "GatewaySettings",
    "IngestSettings",
    "LineSettings",
    "MqttSettings",
    "StreamSettings",
    "TokenSettings",
    "WeatherSettings",
]

GROUPS = (
    CommonSettings,
    StreamSettings,
    IngestSettings,
    DeviceSettings,
    LineSettings,
    MqttSettings,
    GatewaySettings,
    TokenSettings,
    AccessSettings,
    ApiSettings,
    WeatherSettings,
)
