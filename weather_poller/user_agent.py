"""How we name ourselves to weather services, some of which demand a way to reach who asks."""

from __future__ import annotations

from importlib.metadata import version


def user_agent(contact: str) -> str:
    """`windsock/<version>`, and the contact of WINDSOCK_WEATHER_CONTACT if there is one.

    api.met.no/doc/TermsOfService and www.weather.gov/documentation/services-web-api say what they want to see there.
    """
    named = f"windsock/{version('windsock')}"
    return f"{named} (+{contact})" if contact else named
