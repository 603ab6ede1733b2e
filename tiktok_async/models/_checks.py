"""Checks of the arguments of a call, which report all problems at once before anything is sent.

Arguments come from forms, JSON and environment variables, so their types are checked, too: a wrong one would otherwise
raise a `TypeError` from inside the library, or be sent to TikTok and be refused there. A value whose meaning is clear,
such as 30 for a time of 30 seconds, is accepted.
"""

import math
from collections.abc import AsyncIterable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self, TypeAlias, overload

from tiktok_async.errors import ConfigurationError
from tiktok_async.models._json import JsonModel

__all__ = ["CheckedModel", "Checks", "Duration", "Moment", "as_duration", "shown", "utf16_units"]

Duration: TypeAlias = timedelta | float
"""A length of time; a number is seconds."""
Moment: TypeAlias = datetime | date | timedelta
"""A moment: an aware datetime, a date for the beginning of its day in UTC, or a timedelta for a time before now."""

_SHOWN = 60


def utf16_units(text: str) -> int:
    """Return the length of *text* as TikTok counts it: most emoji are two units long.

    Example:
        >>> utf16_units("a"), utf16_units("\N{GRINNING FACE}")
        (1, 2)
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@overload
def as_duration(value: Duration) -> timedelta: ...
@overload
def as_duration(value: None) -> None: ...
def as_duration(value: Duration | None) -> timedelta | None:
    """Return *value* as a timedelta; an invalid one is returned unchanged, for `Checks.duration` to refuse.

    Example:
        >>> as_duration(1.5)
        datetime.timedelta(seconds=1, microseconds=500000)
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        try:
            return timedelta(seconds=value)
        except OverflowError:
            pass
    return value  # type: ignore[return-value]  # pyright: ignore[reportReturnType]  # refused where it is checked


class CheckedModel(JsonModel):
    """The base of models that refuse invalid arguments with a `ConfigurationError`."""

    __slots__ = ()

    @classmethod
    def _make(cls, arguments: dict[str, Any]) -> Self:
        try:
            return cls(**arguments)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None


class Checks:
    """Collects the problems with the arguments of one call.

    Attributes:
        problems: The problems, in the order of the checks.

    Example:
        >>> checks = Checks()
        >>> checks.whole("limit", "5", least=1)
        >>> checks.problems
        ["limit is '5' (str), not a whole number"]
    """

    def __init__(self) -> None:
        self.problems: list[str] = []

    def add(self, problem: str) -> None:
        """Add *problem*."""
        self.problems.append(problem)

    def refuse(self, what: str) -> None:
        """Raise one error that names every problem, if there is any.

        Raises:
            ConfigurationError: There is one; `.problems` holds each.
        """
        if self.problems:
            raise self.error(what)

    def error(self, what: str) -> ConfigurationError:
        """Return the error that names every problem."""
        return ConfigurationError(f"{what}: {'; '.join(self.problems)}.", problems=self.problems)

    def text(self, name: str, value: object, *, most_units: int | None = None) -> None:
        """Check a text that is sent to TikTok, or `None`.

        Args:
            name: The argument.
            value: Its value.
            most_units: The most UTF-16 units.
        """
        if value is None:
            return
        if not isinstance(value, str):
            self.add(f"{name} is {shown(value)}, not a str")
            return
        try:
            value.encode()
        except UnicodeEncodeError as error:
            self.add(f"{name} has half a surrogate pair at index {error.start}, which JSON cannot represent")
            return
        units = utf16_units(value)
        if most_units is not None and units > most_units:
            self.add(f"{name} is {units} UTF-16 units long, but at most {most_units} are allowed")

    def flag(self, name: str, value: object, *, optional: bool = False) -> None:
        """Check a bool; with *optional*, `None` is allowed, too."""
        if not (isinstance(value, bool) or (optional and value is None)):
            self.add(f"{name} is {shown(value)}, not True or False")

    def whole(
        self, name: str, value: object, *, least: int | None = None, most: int | None = None, optional: bool = True
    ) -> None:
        """Check a whole number.

        Args:
            name: The argument.
            value: Its value.
            least: The smallest that is allowed.
            most: The largest that is allowed.
            optional: Whether `None` is allowed.
        """
        if value is None and optional:
            return
        if not isinstance(value, int) or isinstance(value, bool):
            self.add(f"{name} is {shown(value)}, not a whole number")
        elif least is not None and most is not None and not least <= value <= most:
            self.add(f"{name} is {value}, not {least} to {most}")
        elif least is not None and value < least:
            self.add(f"{name} is {value}, not at least {least}")

    def duration(self, name: str, value: Duration | None, *, positive: bool = False) -> timedelta | None:
        """Check a length of time, or `None`, and return it as a timedelta.

        Args:
            name: The argument.
            value: Its value; a number is seconds.
            positive: Whether zero is refused, too.
        """
        found: object = as_duration(value)
        if found is None:
            return None
        if not isinstance(found, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            self.add(f"{name} is {shown(found)}, not a timedelta or a number of seconds")
            return None
        if found < timedelta(0) or (positive and not found):
            self.add(f"{name} is {found.total_seconds():g} s, which is {'not positive' if positive else 'negative'}")
        return found

    def moment(self, name: str, value: object, *, now: datetime) -> datetime | None:
        """Check a moment, or `None`, and return it.

        Args:
            name: The argument.
            value: Its value: an aware datetime, a date (its beginning in UTC) or a timedelta (a time before now).
            now: The time from which a timedelta is counted back.
        """
        if value is None:
            return None
        if isinstance(value, timedelta):
            try:
                return now - value
            except OverflowError:
                self.add(f"{name} is too long ago for a datetime")
                return None
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                self.add(f"{name} is a naive datetime: give it a time zone, such as datetime(..., tzinfo=UTC)")
            return value
        if isinstance(value, date):
            return datetime.combine(value, time(), UTC)
        self.add(f"{name} is {shown(value)}, not an aware datetime, a date or a timedelta back from now")
        return None

    def names(self, name: str, value: object, *, optional: bool = True) -> None:
        """Check any iterable of words; one str is refused, since it is an iterable of its letters."""
        if value is None and optional:
            return
        if isinstance(value, str):
            self.add(f"{name} is one str, not a list: write [{value[:_SHOWN]!r}]")
        elif not isinstance(value, Iterable | AsyncIterable):
            self.add(f"{name} is {shown(value)}, not a list of words")


def shown(value: object) -> str:
    """Return what is said of a value that is wrong: the beginning of a plain one, and its type."""
    text = ascii(value) if isinstance(value, str | int | float) else ""
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    kind = type(value).__name__
    return f"{text} ({kind})" if text else f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
