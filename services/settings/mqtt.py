"""The bridge from an MQTT broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from services.settings.bounds import DAY_S, GIBIBYTE, TEN_YEARS_S


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """What the bridge takes from an MQTT broker."""

    mqtt_url: Annotated[
        str,
        Meta(
            description="The broker: `mqtt://` or `mqtts://`, with user and password if it needs them, as in "
            "`mqtts://user:password@broker.example`."
        ),
    ] = ""
    mqtt_topics: Annotated[
        str,
        Meta(
            description="Templates of the topics to take, by spaces, each with `=` and how payloads are read (`json`, "
            "`text`, `lines`, `senml`, `influx`) if not as `json`; docs/devices.md tells how."
        ),
    ] = "windsock/{device} windsock/{device}/{metric}"
    mqtt_group: Annotated[
        str,
        Meta(
            pattern=r"^[^/+#\s]*$",
            description="Name of the group of bridges that share the topics (`$share/<group>/…`). Empty: one takes "
            "all.",
        ),
    ] = ""
    mqtt_client_id: Annotated[
        str,
        Meta(
            max_length=128,
            description="The bridge's client id, under which the broker keeps its session. Empty: `windsock`, and with "
            "a group `windsock-<host name>`.",
        ),
    ] = ""
    mqtt_qos: Annotated[int, Meta(ge=0, le=1, description="Highest quality of service that is asked for.")] = 1
    mqtt_session_s: Annotated[
        int,
        Meta(
            ge=0,
            le=TEN_YEARS_S,
            description="Seconds for which the broker keeps messages of QoS 1 for a bridge that is away.",
        ),
    ] = DAY_S
    mqtt_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=65_535,
            description="Most messages that the broker sends before earlier ones are stored; of QoS 0, more are "
            "dropped.",
        ),
    ] = 1_000
    mqtt_message_bytes: Annotated[
        int,
        Meta(
            ge=1_024, le=GIBIBYTE // 4, description="Largest message with its topic; the broker sends no larger ones."
        ),
    ] = 262_144
    mqtt_keepalive_s: Annotated[
        int, Meta(ge=5, le=65_535, description="Seconds of silence after which bridge and broker look for each other.")
    ] = 30
    mqtt_ca_file: Annotated[
        str, Meta(description="PEM file of who certifies the broker. Empty: those that the system trusts.")
    ] = ""
    mqtt_key: Annotated[str, Meta(description="Key with which the bridge stores readings, where devices need one.")] = (
        ""
    )
    mqtt_ids: Annotated[
        bool,
        Meta(
            description="Whether a reading with a time of its own and without an `id` gets one from topic and payload, "
            "so that a message which comes again stores nothing."
        ),
    ] = True
