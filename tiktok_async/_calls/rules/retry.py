"""Rules for repeating a failed call: whether, and after how long."""

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
        error: The error of the attempt.
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
        # The server's `Retry-After` may be longer than the cap: an earlier call would be refused again.
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
    """Limits how many calls a session repeats, so that it does not multiply the load during an outage.

    It begins full: each repeat takes from it, and each success gives a little back. While TikTok is down it is used up
    after some dozens of repeats, and calls fail at their first attempt until some succeed again.

    Args:
        capacity: How much it holds at most.
    """

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self._left = capacity

    @property
    def left(self) -> int:
        """How much is left."""
        return self._left

    def spend(self, error: TikTokError) -> bool:
        """Take the cost of a repeat after *error*, if enough is left; return whether it was."""
        cost = _cost(error)
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def succeeded(self, error: TikTokError | None = None) -> None:
        """Give back after a success.

        Args:
            error: The error that led to the repeat that succeeded, whose cost is given back; `None` for a call that
                succeeded at its first attempt, which gives 1, so that an empty quota fills again.
        """
        if self._left < self._capacity:
            self._left = min(self._capacity, self._left + (1 if error is None else _cost(error)))


def _cost(error: TikTokError) -> int:
    return 5 if isinstance(error, RateLimited) else 14
