"""A call's slot in its window, and the closing of windows that TikTok counts as full.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from tiktok_async._calls.call import Call
from tiktok_async._calls.rules.endpoints import EndpointSpec
from tiktok_async._concurrency.clock import next_midnight
from tiktok_async.abc import Clock, LimitKey, Permit, RateLimiter
from tiktok_async.errors import ApiError, QuotaExhausted, RateLimited, RateLimitWaitExceeded, TikTokError
from tiktok_async.models import Limit, WindowKind

_MINUTE = timedelta(minutes=1)
# Seconds to wait for a slot of a daily limit: enough for a shared limiter to answer, and far less than a day.
_DAY_WAIT = 5.0


class Slots:
    """Acquires slots, and closes windows that TikTok says are full.

    Args:
        limiter: Holds the windows.
        limit_for: The limit of a row of the endpoint table for an account, or `None`.
        client_key: The app, for the limiter's keys.
        max_wait: The longest wait in seconds; `None` waits as long as it takes.
        clock: Says when the day ends.

    Attributes:
        max_wait: As above.
    """

    __slots__ = ("_client_key", "_clock", "_limit_for", "_limiter", "max_wait")

    def __init__(
        self,
        *,
        limiter: RateLimiter,
        limit_for: Callable[[EndpointSpec, str], Limit | None],
        client_key: str,
        max_wait: float | None,
        clock: Clock,
    ) -> None:
        self._limiter = limiter
        self._limit_for = limit_for
        self._client_key = client_key
        self._clock = clock
        self.max_wait: float | None = max_wait

    def limit_of(self, spec: EndpointSpec, open_id: str | None) -> tuple[LimitKey, Limit | None]:
        """Return the key under which calls of *spec* are counted, and their limit."""
        subject = open_id or ""
        return LimitKey(self._client_key, spec.limit_group or spec.path, subject), self._limit_for(spec, subject)

    def acquire(self, call: Call) -> Awaitable[Permit] | None:
        """Return what waits for a slot; `None` where there is no limit.

        Awaited, it raises:
            RateLimitWaitExceeded: The wait would be longer than the user allows.
            QuotaExhausted: Today's calls are used up.
        """
        key, limit = self.limit_of(call.spec, call.open_id)
        if limit is None:
            return None
        if limit.kind is WindowKind.SLIDING:
            return self._limiter.acquire(key, limit, max_wait=self.max_wait)
        return self._acquire_today(call, key, limit)

    async def _acquire_today(self, call: Call, key: LimitKey, limit: Limit) -> Permit:
        try:
            return await self._limiter.acquire(key, limit, max_wait=_DAY_WAIT)
        except RateLimitWaitExceeded:
            pass
        error = QuotaExhausted(
            "daily_quota_limit_exceeded",
            "nothing was sent, since today's calls are used up",
            status=429,
            endpoint=call.spec.path,
            open_id=call.open_id,
        )
        error.resets_at = next_midnight(self._clock.now())
        raise error

    def close_window(self, call: Call, error: ApiError) -> None:
        """Close the window that TikTok says is full, for all who share it, and write into *error* when it opens."""
        if not isinstance(error, RateLimited | QuotaExhausted):
            return
        key, limit = self.limit_of(call.spec, call.open_id)
        sliding = limit is not None and limit.kind is WindowKind.SLIDING
        if isinstance(error, QuotaExhausted):
            error.resets_at = error.resets_at or next_midnight(self._clock.now())
            closed = error.resets_at - self._clock.now()
        else:
            error.retry_after = closed = error.retry_after or (limit.per if limit is not None and sliding else _MINUTE)
            if not sliding:
                # A used-up day has a code of its own. This is a short limit of TikTok's beside it.
                return
        if limit is not None:
            self._limiter.block(key, limit, closed.total_seconds())

    def too_long(self, error: TikTokError) -> bool:
        """Whether TikTok's own window asks for a longer wait than the user allows."""
        if self.max_wait is None or not isinstance(error, RateLimited) or error.retry_after is None:
            return False
        return error.retry_after.total_seconds() > self.max_wait


def release(permit: Permit | None, *, sent: bool) -> None:
    """Report the end of a call: its slot stays counted if the request may have been sent, and is free if not."""
    if permit is None:
        return
    if sent:
        permit.done()
    else:
        permit.cancel()
