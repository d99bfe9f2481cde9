"""Bounds that many settings share: seconds, bytes, counts."""

DAY_S = 86_400
TEN_YEARS_S = 3_650 * DAY_S
GIBIBYTE = 2**30
BILLION = 10**9
SLOWEST_PER_S = 0.0001
"""Once in some three hours; what is slower cannot be told from never."""
