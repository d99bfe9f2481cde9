"""The HTTP client with which weather services are asked."""

from __future__ import annotations

import httpx

from services.errors import StartError
from services.settings import WeatherSettings
from weather_poller.user_agent import user_agent


def weather_client(settings: WeatherSettings) -> httpx.AsyncClient:
    """A client that names us and follows no redirects. Raises StartError."""
    try:
        return httpx.AsyncClient(
            timeout=settings.weather_request_s,
            follow_redirects=False,
            headers={"User-Agent": user_agent(settings.weather_contact)},
        )
    except (ValueError, ImportError, OSError) as error:
        raise StartError(
            f"cannot ask weather services: {error}; mend HTTP_PROXY, SSL_CERT_FILE or a like variable"
        ) from None
