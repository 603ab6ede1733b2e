"""Events as log records."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from tiktok_async.models import (
    ChunkUploaded,
    Event,
    PublishChanged,
    RateLimitWaited,
    ReauthorizationNeeded,
    RequestFinished,
    Retrying,
    StoreUnsafe,
    TokenRefreshed,
    TokenRefreshFailed,
)

# The logger below `tiktok_async`, and the level of an event that carries no error.
_LOGGERS: Mapping[type[Event], tuple[str, int]] = {
    RequestFinished: ("request", logging.DEBUG),
    Retrying: ("request", logging.INFO),
    RateLimitWaited: ("limits", logging.INFO),
    TokenRefreshed: ("tokens", logging.INFO),
    TokenRefreshFailed: ("tokens", logging.WARNING),
    ReauthorizationNeeded: ("tokens", logging.WARNING),
    ChunkUploaded: ("publish", logging.DEBUG),
    PublishChanged: ("publish", logging.INFO),
    StoreUnsafe: ("store", logging.WARNING),
}


class LoggingObserver:
    """Writes each event as one log record.

    The record's message names the event and its fields. For structured logging, the record also carries them as
    attributes: `event`, the event's name, and each field under its own name; durations are seconds.
    Loggers are `tiktok_async.request`, `.limits`, `.tokens`, `.publish` and `.store`. A call that succeeded is DEBUG,
    one that failed WARNING.

    Args:
        level: The level of records that are not warnings; `None` chooses by the kind of event.
    """

    def __init__(self, *, level: int | None = None) -> None:
        self._level = level
        self._loggers = {
            kind: (logging.getLogger(f"tiktok_async.{name}"), calm) for kind, (name, calm) in _LOGGERS.items()
        }
        self._other = logging.getLogger("tiktok_async.observer"), logging.INFO

    def __call__(self, event: Event) -> None:
        """Write *event*."""
        logger, level = self._loggers.get(type(event), self._other)
        if isinstance(event, RequestFinished) and event.error is not None:
            level = logging.WARNING
        elif self._level is not None and level < logging.WARNING:
            level = self._level
        if not logger.isEnabledFor(level):
            return
        values = _values(event)
        words = " ".join(f"{name}={value}" for name, value in values.items() if value is not None)
        # The name and the words are arguments, so a tool can group records by their message template.
        name = type(event).__name__
        logger.log(level, "%s %s", name, words, extra={"event": name, **values})


def _values(event: Event) -> dict[str, Any]:
    return {field.name: _plain(getattr(event, field.name)) for field in attrs.fields(type(event))}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of any event
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, datetime) else value
