"""`/ws/ingest`: readings, commands and what becomes of them over one WebSocket for each device."""
