"""The National Weather Service's words for the weather as WMO codes. Pure."""

from __future__ import annotations

_SKY = {
    "clear": 0,
    "sunny": 0,
    "fair": 0,
    "mostly clear": 1,
    "mostly sunny": 1,
    "a few clouds": 1,
    "partly cloudy": 2,
    "partly sunny": 2,
    "mostly cloudy": 2,
    "cloudy": 3,
    "overcast": 3,
}
_FALLING = (
    ("thunderstorm", (95, 95, 95)),
    ("freezing rain", (66, 67, 67)),
    ("freezing drizzle", (56, 57, 57)),
    ("freezing fog", (48, 48, 48)),
    ("snow grains", (77, 77, 77)),
    ("snow shower", (85, 85, 86)),
    ("rain and snow", (68, 69, 69)),
    ("snow", (71, 73, 75)),
    ("rain shower", (80, 81, 82)),
    ("rain", (61, 63, 65)),
    ("drizzle", (51, 53, 55)),
    ("fog", (45, 45, 45)),
)
"""Words → WMO codes of light, moderate and heavy; the first that stands in a text counts."""


def code_of(text: str) -> int | None:
    """The WMO code of a `textDescription` in lower case; None where there is none ("haze", "smoke")."""
    if text in _SKY:
        return _SKY[text]
    strength = 0 if "light" in text else 2 if "heavy" in text else 1
    return next((codes[strength] for words, codes in _FALLING if words in text and "vicinity" not in text), None)
