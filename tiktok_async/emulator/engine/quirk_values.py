"""Quirks by name: read from JSON or from `NAME=VALUE` on a command line; unknown names are refused."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from attrs import evolve, fields, has

from tiktok_async.emulator.engine.quirks import Quirks

__all__ = ["change_quirks", "parse_quirks", "quirk_names"]

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def quirk_names() -> list[str]:
    """Return the names of all quirks; those of a product area have its name and a dot before them."""
    return sorted(_kinds(Quirks))


def parse_quirks(texts: Iterable[str], quirks: Quirks | None = None) -> Quirks:
    """Return *quirks* with the changes of a command line.

    Args:
        texts: Each is `NAME=VALUE`, such as `rotation=grace`, `access_lifetime=24h` or `research.end_date=exclusive`.
        quirks: The quirks to start from; default: `Quirks()`.

    Raises:
        ValueError: There is no such quirk, or it has no such value; the message lists the possible ones.

    Example:
        >>> parse_quirks(["rotation=grace", "posting.audited=no"]).posting.audited
        False
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found:
            msg = f"a quirk is given as NAME=VALUE, not as {text!r}"
            raise ValueError(msg)
        changes[name.strip().replace("-", "_")] = value.strip()
    return change_quirks(quirks or Quirks(), changes)


def change_quirks(quirks: Quirks, changes: Mapping[str, Any]) -> Quirks:
    """Return *quirks* with *changes*.

    Args:
        quirks: The quirks to start from.
        changes: The values by name; those of a product area are an object under its name, or have its name and a
            dot before them. Durations are in seconds, or texts such as `24h`.

    Raises:
        ValueError: There is no such quirk, or it has no such value.
    """
    kinds = _kinds(Quirks)
    for name, value in _flat(changes):
        name = _known(name, kinds)  # noqa: PLW2901 - its full name
        read = _read(name, kinds[name], value)
        area, dot, inner = name.partition(".")
        quirks = evolve(quirks, **{area: evolve(getattr(quirks, area), **{inner: read}) if dot else read})
    return quirks


def _known(name: str, kinds: Mapping[str, Any]) -> str:
    """Return the full name of a quirk; the area may be missing if only one area has the name.

    Raises:
        ValueError: There is no such quirk.
    """
    if name in kinds:
        return name
    short = [whole for whole in kinds if whole.rpartition(".")[2] == name]
    if len(short) == 1:
        return short[0]
    near = get_close_matches(name, kinds, n=3, cutoff=0.4) or sorted(kinds)
    msg = f"no quirk is called {name!r}; known are {', '.join(near)}"
    raise ValueError(msg)


def _flat(changes: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in changes.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", one) for inner, one in cast("Mapping[str, Any]", value).items())
        else:
            yield name, value


def _kinds(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    found: dict[str, Any] = {}
    for attribute in fields(cls):
        kind = hints[attribute.name]
        if isinstance(kind, type) and has(kind):
            found |= {f"{attribute.name}.{inner}": one for inner, one in _kinds(kind).items()}
        else:
            found[attribute.name] = kind
    return found


def _read(name: str, kind: Any, value: Any) -> Any:  # noqa: ANN401 - any quirk's value
    """Return *value* as a value of the type *kind*.

    Raises:
        ValueError: It cannot be one.
    """
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    if get_origin(kind) in (Union, UnionType):
        if value is None or value == "none":
            return None
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    if choices:
        # On a command line every value is a text; the empty text can be a choice as well.
        found = next((one for one in choices if value == one or str(value).lower() == str(one).lower()), None)
        if found is not None and not isinstance(value, bool):
            return found
        wanted = f"one of {', '.join(repr(one) for one in choices)}"
    elif isinstance(kind, type) and issubclass(kind, Enum):
        found = next((one for one in kind if value in (one, one.value, one.name)), None)
        if found is not None:
            return found
        wanted = f"one of {', '.join(repr(one.value) for one in kind)}"
    else:
        found, wanted = _SIMPLE[kind](value)
        if found is not None:
            return found
    msg = f"{name} is {wanted}, not {value!r}"
    raise ValueError(msg)


def _boolean(value: object) -> tuple[bool | None, str]:
    return value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower()), "true or false"


def _integer(value: object) -> tuple[int | None, str]:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        value = int(value)
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return cast("int", value) if good else None, "a whole number"


def _share(value: object) -> tuple[float | None, str]:
    match = _DURATION.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    return float(match[1]) if match and not match[2] else None, "a number"


def _span(value: object) -> tuple[timedelta | None, str]:
    if isinstance(value, timedelta):
        return value, ""
    wanted = "a number of seconds, or a text such as 90s, 24h or 365d"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, wanted
    match = _DURATION.fullmatch(str(value))
    if match is None:
        return None, wanted
    return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "s"]), wanted


def _text(value: object) -> tuple[str | None, str]:
    return value if isinstance(value, str) else None, "a text"


_SIMPLE: Final[Mapping[Any, Any]] = {bool: _boolean, int: _integer, float: _share, timedelta: _span, str: _text}
