"""Logs: one JSON object per line on standard error, for our own lines and the libraries' alike."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger


def configure(level: str, service: str) -> None:
    """Set up logging for the process; `level` is a standard level name, `service` stands in every line."""

    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        name_service,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_line),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_without_cut_off_requests)
    # These tell per request, with query strings, what our own lines and metrics tell better.
    for chatty in ("uvicorn.error", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=False,
    )


def _line(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:
        # Text that is not Unicode, or a number above 64 bits.
        return json.dumps(event, default=str)


def _without_cut_off_requests(record: logging.LogRecord) -> bool:
    """That a stopping service cancels what is still open is no error, and its traceback no news."""
    return not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger; call as `log.info("what happened", key=value)`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger
