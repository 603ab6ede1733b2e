"""Telling events to the caller's observer, which may do what it likes without breaking a call."""

import logging
from collections.abc import Callable

from tiktok_async.models import Event

_logger = logging.getLogger("tiktok_async.observer")


def guarded(observer: Callable[[Event], None] | None) -> Callable[[Event], None] | None:
    """Return *observer*, made harmless: what it raises is logged and forgotten.

    Args:
        observer: The caller's function; `None` stays `None`, so that no event is even built.
    """
    if observer is None:
        return None

    def emit(event: Event) -> None:
        try:
            observer(event)
        except Exception:
            _logger.exception("The observer raised on a %s event", type(event).__name__)

    return emit
