"""Whether a failed call is sent again, and after how long."""

from http import HTTPStatus

from tiktok_async._calls.rules.endpoints import EndpointSpec, Repeatable
from tiktok_async._concurrency.backoff import FULL_JITTER, backoff
from tiktok_async.errors import RateLimited, ServerError, TikTokError, TransportError
from tiktok_async.models import RetryPolicy


def retry_delay(
    spec: EndpointSpec,
    error: TikTokError,
    *,
    attempt: int,
    policy: RetryPolicy,
    elapsed: float,
    jitter: float,
) -> float | None:
    """Return the seconds to wait before the call is sent again, or `None` to give up.

    Args:
        spec: The endpoint's row.
        error: What the attempt ended with.
        attempt: The number of that attempt, from 1.
        policy: Attempts, backoff and deadline.
        elapsed: Seconds since the first attempt began.
        jitter: A random number from 0 up to, but not including, 1.
    """
    if attempt >= policy.attempts or not _may_repeat(spec, error):
        return None
    base, cap = policy.base.total_seconds(), policy.cap.total_seconds()
    wait = backoff(attempt, base=base, cap=cap, jitter=jitter, spread=FULL_JITTER)
    if isinstance(error, RateLimited) and error.retry_after is not None:
        # The server's word is not cut to the cap: an earlier call would only be refused again.
        wait = max(wait, error.retry_after.total_seconds())
    return None if elapsed + wait > policy.deadline.total_seconds() else wait


def _may_repeat(spec: EndpointSpec, error: TikTokError) -> bool:
    if isinstance(error, RateLimited):
        return True  # refused before it had an effect, so even an init may come again
    if isinstance(error, TransportError):
        return not error.sent or spec.repeatable is Repeatable.ALWAYS
    if isinstance(error, ServerError):
        return spec.repeatable is Repeatable.ALWAYS and (
            error.retryable or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )
    return False


class RetryQuota:
    """How many repeats a session may spend, so that it does not multiply the load of an outage.

    A bucket, filled at first: each repeat costs, each success gives back a little. While TikTok is down it runs dry
    within some dozens of repeats, and calls fail at their first attempt until some succeed again.

    Args:
        capacity: What the bucket holds.
    """

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self._left = capacity

    @property
    def left(self) -> int:
        """What the bucket holds now."""
        return self._left

    def spend(self, error: TikTokError) -> bool:
        """Pay for a repeat after *error*, if the bucket holds enough."""
        cost = _cost(error)
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def succeeded(self, error: TikTokError | None = None) -> None:
        """Give back after a success.

        Args:
            error: What the repeat that succeeded was for, whose price comes back; `None` for a call that succeeded
                at once and brings 1, without which a bucket run dry would stay so.
        """
        if self._left < self._capacity:
            self._left = min(self._capacity, self._left + (1 if error is None else _cost(error)))


def _cost(error: TikTokError) -> int:
    return 5 if isinstance(error, RateLimited) else 14
