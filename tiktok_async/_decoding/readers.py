"""Reading one JSON value: strictly, without conversion between types.

Null never becomes `'None'`, `true` is not 1, `1.5` is not 1. A number or boolean in a string is read, since TikTok
sends `"true"`. An error names the JSON path and never the value, which may be a secret.

Source: https://developers.tiktok.com/doc/commercial-content-api-query-ads
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

Reader = Callable[[Any], Any]

__all__ = [
    "SCALARS",
    "DecodeError",
    "Reader",
    "convert_later",
    "list_reader",
    "open_enum_reader",
    "read_id",
    "read_object",
]


class DecodeError(ValueError):
    """A JSON value is missing or has the wrong type.

    Attributes:
        path: The place of the value, such as `$.videos[3].create_time`.
        expected: The expected value, in words.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(path, expected)
        self.path = path
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.path} should be {self.expected}"

    def inside(self, step: str) -> "DecodeError":
        """Return this error with *step* added before its path."""
        return DecodeError(step + self.path, self.expected)


# No count and no time of TikTok has more digits.
_MOST_DIGITS = 20
_WHOLE = re.compile(rf"-?[0-9]{{1,{_MOST_DIGITS}}}")
_NUMBER = re.compile(rf"-?[0-9]{{1,{_MOST_DIGITS}}}(\.[0-9]{{1,{_MOST_DIGITS}}})?")
_BOOLEANS = {"true": True, "false": False}


def _read_string(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if type(value) is str:
        return value
    raise DecodeError("", "a string")


def _whole(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """Return a whole number, also from a string; `None` for anything else."""
    if type(value) is int:
        return value
    if type(value) is str and _WHOLE.fullmatch(value):
        return int(value)
    return None


def _read_int(value: Any) -> int:  # noqa: ANN401 - any JSON value
    number = _whole(value)
    if number is None:
        raise DecodeError("", "an integer")
    return number


def _read_bool(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    if type(value) is bool:
        return value
    found = _BOOLEANS.get(value.casefold()) if type(value) is str else None
    if found is None:
        raise DecodeError("", "true or false")
    return found


def _number(value: Any) -> float | int | None:  # noqa: ANN401 - any JSON value
    """Return a number, also from a string; `None` for anything else."""
    if type(value) is float or type(value) is int:
        return value
    if type(value) is str and _NUMBER.fullmatch(value):
        return float(value)
    return None


def _read_float(value: Any) -> float:  # noqa: ANN401 - any JSON value
    number = _number(value)
    if number is None:
        raise DecodeError("", "a number")
    return float(number)


def read_id(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return an id as a `str`; TikTok sends some as strings and some as 64-bit numbers."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise DecodeError("", "an id")


def _read_time(value: Any) -> datetime:  # noqa: ANN401 - any JSON value
    try:
        if (seconds := _whole(value)) is not None:
            return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        pass
    raise DecodeError("", "an epoch time in whole seconds")


def _read_duration(value: Any) -> timedelta:  # noqa: ANN401 - any JSON value
    try:
        if (seconds := _number(value)) is not None:
            return timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        pass
    raise DecodeError("", "a number of seconds")


def read_object(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON value
    """Return *value* if it is an object."""
    if type(value) is not dict:
        raise DecodeError("", "an object")
    return cast("dict[str, Any]", value)


def _read_anything(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return value


SCALARS: Mapping[Any, Reader] = {
    str: _read_string,
    int: _read_int,
    bool: _read_bool,
    float: _read_float,
    datetime: _read_time,
    timedelta: _read_duration,
    Any: _read_anything,
}


def open_enum_reader(enum: type[StrEnum]) -> Reader:
    """Return a reader that keeps a word unknown to *enum* as it is."""
    words = {str(member): member for member in enum}

    def read(value: Any) -> str:  # noqa: ANN401 - any JSON value
        if type(value) is not str:
            raise DecodeError("", "a string")
        return words.get(value, value)

    return read


def list_reader(read_item: Reader) -> Reader:
    """Return a reader of a JSON list as a tuple."""

    def read(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any JSON value
        if value.__class__ is not list:
            raise DecodeError("", "a list")
        try:
            return tuple(map(read_item, value))
        except DecodeError:
            return tuple(_each(read_item, value))

    return read


def _each(read_item: Reader, items: list[Any]) -> Iterator[Any]:
    # Only after a failure: counting takes time, and the number of the item is needed only for the error.
    for index, item in enumerate(items):
        try:
            yield read_item(item)
        except DecodeError as error:
            raise error.inside(f"[{index}]") from None


class _Later:
    """A field that may hold a JSON number, which is converted when the field is first read.

    Making aware datetimes takes a third of the time of decoding a video, and most are never read.
    """

    def __init__(self, slot: Any, convert: Reader) -> None:  # noqa: ANN401 - CPython's member descriptor
        self._slot = slot
        self._convert = convert

    def __get__(self, model: object | None, _owner: type[Any] | None = None) -> Any:  # noqa: ANN401 - a descriptor
        if model is None:
            return self
        value = self._slot.__get__(model)
        if type(value) is int:
            value = self._convert(value)
            self._slot.__set__(model, value)
        return value

    def __set__(self, model: object, value: Any) -> None:  # noqa: ANN401 - a descriptor
        self._slot.__set__(model, value)


def convert_later(cls: type[Any], name: str, convert: Reader) -> str:
    """Let field *name* of the slotted class *cls* hold a number that is converted when it is first read.

    Returns:
        The name under which the number is stored.
    """
    stored = f"_{name}_on_the_wire"
    slot: Any = next(vars(base)[name] for base in cls.__mro__ if name in vars(base))
    if not isinstance(slot, _Later):
        setattr(cls, stored, slot)
        setattr(cls, name, _Later(slot, convert))
    return stored
