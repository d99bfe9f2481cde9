"""Any value that JSON can say, for what has to survive all of them."""

from __future__ import annotations

from hypothesis import strategies

WORDS = """
    time properties meta units timeseries data instant details summary symbol_code geometry coordinates features
    timestamp unitCode value qualityControl stationIdentifier main weather wind dt id name results current
"""
_WORDS = strategies.sampled_from(WORDS.split())

ANY_JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-(2**63), 2**64 - 1)
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(max_size=10)
    | _WORDS
    | strategies.sampled_from(["2025-10-09T08:30:00Z", "2025-10-09T08:30:00+00:00", "0001-01-01T00:00:00+23:59"]),
    lambda inner: (
        strategies.lists(inner, max_size=4) | strategies.dictionaries(_WORDS | strategies.text(max_size=5), inner)
    ),
    max_leaves=12,
)
