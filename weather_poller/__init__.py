"""The weather_poller room."""
