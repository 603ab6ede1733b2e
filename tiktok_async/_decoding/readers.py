"""How one JSON value is read: strictly, and never changed by force.

Null never becomes `'None'`, `true` is not 1, `1.5` is not 1. An error names the JSON path and never the value, which
may be a secret.
"""

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
        path: Where it is, such as `$.videos[3].create_time`.
        expected: What should be there, in words.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(path, expected)
        self.path = path
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.path} should be {self.expected}"

    def inside(self, step: str) -> "DecodeError":
        """Return this error as seen from one level further up."""
        return DecodeError(step + self.path, self.expected)


def _scalar(kind: type, expected: str) -> Reader:
    def read(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if type(value) is not kind:
            raise DecodeError("", expected)
        return value

    return read


def _read_float(value: Any) -> float:  # noqa: ANN401 - any JSON value
    if type(value) is float or type(value) is int:
        return float(value)
    raise DecodeError("", "a number")


def read_id(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return an id as a `str`; TikTok sends some as strings and some as 64-bit numbers."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise DecodeError("", "an id")


def _read_time(value: Any) -> datetime:  # noqa: ANN401 - any JSON value
    try:
        if type(value) is int:
            return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        pass
    raise DecodeError("", "an epoch time in whole seconds")


def _read_duration(value: Any) -> timedelta:  # noqa: ANN401 - any JSON value
    try:
        if type(value) is int or type(value) is float:
            return timedelta(seconds=value)
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
    str: _scalar(str, "a string"),
    int: _scalar(int, "an integer"),
    bool: _scalar(bool, "true or false"),
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
    # Only after a failure: counting costs, and which item it was matters only then.
    for index, item in enumerate(items):
        try:
            yield read_item(item)
        except DecodeError as error:
            raise error.inside(f"[{index}]") from None


class _Later:
    """A slot that may hold a JSON number, which is converted when the field is first read.

    Making an aware datetime costs a third of decoding a video, and most of them are never looked at.
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
    """Let field *name* of the slotted class *cls* be filled with a number that is converted when it is read.

    Returns:
        The name under which the number is stored.
    """
    stored = f"_{name}_on_the_wire"
    slot: Any = next(vars(base)[name] for base in cls.__mro__ if name in vars(base))
    if not isinstance(slot, _Later):
        setattr(cls, stored, slot)
        setattr(cls, name, _Later(slot, convert))
    return stored
