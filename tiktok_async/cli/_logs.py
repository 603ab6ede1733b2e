"""Log records on standard error; text that looks like a secret is replaced."""

import logging
from typing import TYPE_CHECKING

from tiktok_async.errors import scrub

if TYPE_CHECKING:
    from tiktok_async.models import Event

_LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
_events = logging.getLogger("tiktok_async.events")


class _Scrubbing(logging.Formatter):
    """Replaces secrets in log records, since other libraries may log the values that they get."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def log_to_stderr(verbose: int) -> None:
    """Send log records to standard error.

    Args:
        verbose: 0 for warnings, 1 for every call and refresh, 2 for all of this library, 3 for all libraries.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Scrubbing("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    level = _LEVELS.get(verbose, logging.DEBUG)
    logging.getLogger("tiktok_async").setLevel(level)
    logging.getLogger("tiktok_async_stores").setLevel(level)
    logging.getLogger().setLevel(logging.DEBUG if verbose not in _LEVELS else logging.WARNING)


def log_event(event: "Event") -> None:
    """Log one event of a session; events hold no secret."""
    _events.info("%r", event)
