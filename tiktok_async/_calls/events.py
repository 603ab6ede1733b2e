"""The events of a call: loaded and built only if there is an observer, since building them costs time."""

import logging
from collections.abc import Callable
from datetime import timedelta

from tiktok_async._calls.call import Call
from tiktok_async.abc import Clock
from tiktok_async.errors import TikTokError
from tiktok_async.models import Event, RateLimitWaited, RequestFinished, Retrying

_logger = logging.getLogger("tiktok_async.observer")


def safe_observer(observer: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return *observer* in a form that never raises: its errors are logged.

    Args:
        observer: The caller's function.
    """

    def emit(event: Event) -> None:
        try:
            observer(event)
        except Exception:
            _logger.exception("The observer raised on a %s event", type(event).__name__)

    return emit


class CallEvents:
    """Emits the events of calls.

    Args:
        clock: The time of the events.
        emit: Receives them.
    """

    __slots__ = ("clock", "emit")

    def __init__(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        self.clock = clock
        self.emit = emit

    def retrying(self, call: Call, error: TikTokError, wait: float) -> None:
        """Report that *call* is about to be sent again."""
        self.emit(
            Retrying(
                at=self.clock.now(),
                open_id=call.open_id,
                endpoint=call.spec.path,
                attempt=call.attempts,
                wait=timedelta(seconds=wait),
                error=type(error).__name__,
                log_id=getattr(error, "log_id", None),
            )
        )

    def waited(self, call: Call, seconds: float) -> None:
        """Report that *call* waited for a slot."""
        self.emit(
            RateLimitWaited(
                at=self.clock.now(),
                open_id=call.open_id,
                endpoint=call.spec.path,
                wait=timedelta(seconds=seconds),
            )
        )

    def finished(self, call: Call, log_id: str | None, error: TikTokError | None) -> None:
        """Report the end of *call*."""
        self.emit(
            RequestFinished(
                at=self.clock.now(),
                open_id=call.open_id,
                endpoint=call.spec.path,
                method=call.spec.method,
                status=call.status,
                duration=timedelta(seconds=self.clock.monotonic() - call.started),
                attempts=call.attempts,
                waited=timedelta(seconds=call.waited),
                log_id=log_id,
                error=None if error is None else type(error).__name__,
                code=getattr(error, "code", None) or getattr(error, "error", None),
            )
        )
