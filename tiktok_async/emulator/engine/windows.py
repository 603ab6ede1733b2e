"""Strict rate limits: each request counts when it arrives, in an exact sliding window.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit
"""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import timedelta

from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.models import Endpoint, Limit

_MINUTE = timedelta(minutes=1)

DOCUMENTED: Mapping[Endpoint, Limit] = {
    Endpoint.USER_INFO: Limit(600, _MINUTE),
    Endpoint.VIDEO_LIST: Limit(600, _MINUTE),
    Endpoint.VIDEO_QUERY: Limit(600, _MINUTE),
    Endpoint.CREATOR_INFO: Limit(20, _MINUTE),
    Endpoint.VIDEO_INIT: Limit(6, _MINUTE),
    Endpoint.INBOX_INIT: Limit(6, _MINUTE),
    Endpoint.CONTENT_INIT: Limit(6, _MINUTE),
    Endpoint.STATUS_FETCH: Limit(30, _MINUTE),
    # https://developers.tiktok.com/doc/data-portability-api-faq
    Endpoint.PORTABILITY_ADD: Limit(1_000, _MINUTE),
    Endpoint.PORTABILITY_CHECK: Limit(1_000, _MINUTE),
    Endpoint.PORTABILITY_DOWNLOAD: Limit(1_000, _MINUTE),
    Endpoint.PORTABILITY_CANCEL: Limit(1_000, _MINUTE),
}
# Data Portability is limited for the app as a whole, not for each user.
APP_WIDE = frozenset(
    {
        Endpoint.PORTABILITY_ADD,
        Endpoint.PORTABILITY_CHECK,
        Endpoint.PORTABILITY_DOWNLOAD,
        Endpoint.PORTABILITY_CANCEL,
    }
)
_SWEEP_ABOVE = 20_000
_SWEEP_EVERY = 10.0


class Windows:
    """The windows of all tokens.

    Args:
        clock: The clock of the windows; moving it ahead frees places.
        limits: Limits instead of the documented ones; `None` as a value means no limit.
        refused_count: Whether refused requests count as well.

    Attributes:
        refused: How many requests were refused, by endpoint.
    """

    def __init__(
        self, clock: MovableClock, limits: Mapping[Endpoint, Limit | None] | None = None, *, refused_count: bool = False
    ) -> None:
        self._clock = clock
        self._limits: dict[Endpoint | str, Limit | None] = dict[Endpoint | str, Limit | None](DOCUMENTED.items())
        self._limits.update((limits or {}).items())
        self.refused_count = refused_count
        self._arrivals: dict[tuple[Endpoint | str, str], deque[float]] = {}
        self._next_sweep = 0.0
        self.refused: Counter[Endpoint | str] = Counter()

    def arrive(self, endpoint: Endpoint | str, whose: str) -> float | None:
        """Count one request.

        Args:
            endpoint: The endpoint requested.
            whose: The access token or user that has the window.

        Returns:
            `None` if it is allowed, otherwise the seconds until the window has a free place.
        """
        limit = self._limits.get(endpoint)
        if limit is None:
            return None
        now = self._clock.monotonic()
        per = limit.per.total_seconds()
        if len(self._arrivals) > _SWEEP_ABOVE and now >= self._next_sweep:
            self._sweep(now)
        window = self._arrivals.get((endpoint, whose))
        if window is None:
            window = self._arrivals[endpoint, whose] = deque()
        while window and window[0] <= now - per:
            window.popleft()
        if len(window) < limit.count:
            window.append(now)
            return None
        self.refused[endpoint] += 1
        wait = window[0] + per - now
        if self.refused_count:
            window.popleft()
            window.append(now)
        return wait

    def _sweep(self, now: float) -> None:
        """Remove the windows of tokens that are no longer used."""
        self._next_sweep = now + _SWEEP_EVERY
        for key, window in list(self._arrivals.items()):
            limit = self._limits[key[0]]
            if limit is None or not window or window[-1] <= now - limit.per.total_seconds():
                del self._arrivals[key]
