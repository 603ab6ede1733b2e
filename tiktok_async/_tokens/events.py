"""The events of tokens; loaded and told only if somebody listens, since even building them costs."""

from collections.abc import Callable
from datetime import timedelta

from tiktok_async.abc import Clock
from tiktok_async.errors import ReauthorizationRequired, TikTokError
from tiktok_async.models import Event, ReauthorizationNeeded, Token, TokenRefreshed, TokenRefreshFailed

__all__ = ["TokenEvents"]


class TokenEvents:
    """Tells what happens to tokens.

    Args:
        clock: The time of the events.
        emit: Takes them.
    """

    __slots__ = ("_clock", "_emit")

    def __init__(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._clock = clock
        self._emit = emit

    def refreshed(self, token: Token, *, began: float, background: bool) -> None:
        """Tell of a new token.

        Args:
            token: The token.
            began: When its refresh began, by the monotonic clock.
            background: Whether no call waited for it.
        """
        self._emit(
            TokenRefreshed(
                at=self._clock.now(),
                open_id=token.key.open_id,
                expires_at=token.expires_at,
                version=token.version,
                duration=timedelta(seconds=self._clock.monotonic() - began),
                background=background,
            )
        )

    def failed(self, open_id: str, error: TikTokError, *, unsaved: bool = False) -> None:
        """Tell that a refresh failed, or that its token is in this process only."""
        self._emit(
            TokenRefreshFailed(
                at=self._clock.now(),
                open_id=open_id,
                error=type(error).__name__,
                code=getattr(error, "code", None) or getattr(error, "error", None),
                log_id=getattr(error, "log_id", None),
                unsaved=unsaved,
            )
        )

    def lost(self, open_id: str, error: ReauthorizationRequired) -> None:
        """Tell that the user has to log in again."""
        self._emit(
            ReauthorizationNeeded(at=self._clock.now(), open_id=open_id, reason=error.reason, log_id=error.log_id)
        )
