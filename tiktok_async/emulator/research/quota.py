"""A daily quota that is reset at midnight UTC.

Source: https://developers.tiktok.com/doc/research-api-faq
"""

from datetime import UTC, date, datetime, time, timedelta

from attrs import define, field

from tiktok_async.emulator.engine.clock import MovableClock


@define(eq=False, slots=True)
class Quota:
    """How many requests a project may make today.

    Attributes:
        limit: The daily limit; may be changed at any time.
        refused: How many requests were refused because the quota was used up.
    """

    _clock: MovableClock
    limit: int
    refused: int = field(default=0, init=False)
    _used: int = field(default=0, init=False)
    _day: date = field(default=date.min, init=False)

    @property
    def used(self) -> int:
        """How many requests were counted since midnight UTC."""
        return self._used if self._day == self._clock.now().date() else 0

    @property
    def resets_at(self) -> datetime:
        """The next midnight, aware and in UTC."""
        return datetime.combine(self._clock.now().date() + timedelta(days=1), time(), UTC)

    def spend(self) -> bool:
        """Count one request; return whether the quota allows it."""
        used = self.used
        if used >= self.limit:
            self.refused += 1
            return False
        self._day, self._used = self._clock.now().date(), used + 1
        return True
