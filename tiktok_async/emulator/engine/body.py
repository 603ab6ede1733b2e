"""Reads a JSON body as strictly as a server with typed fields does."""

from collections.abc import Mapping
from typing import Any, cast

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)


class BadField(ValueError):
    """A field is missing or has another type than in TikTok's tables; the message names it."""


def section(body: object, name: str) -> Mapping[str, Any]:
    """Return the JSON object under *name*.

    Raises:
        BadField: The body is not an object, or has no object under *name*.
    """
    value = mapping(body).get(name)
    if not isinstance(value, dict):
        raise BadField(f"`{name}` must be an object")
    return cast("Mapping[str, Any]", value)


def mapping(body: object) -> Mapping[str, Any]:
    """Return *body* if it is a JSON object.

    Raises:
        BadField: It is not.
    """
    if not isinstance(body, dict):
        raise BadField("the body must be a JSON object")
    return cast("Mapping[str, Any]", body)


def string(body: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    """Return a string field, or `None` if it is absent."""
    value = _get(body, name, required=required)
    if value is not None and not isinstance(value, str):
        raise BadField(f"`{name}` must be a string")
    return value


def boolean(body: Mapping[str, Any], name: str) -> bool:
    """Return a boolean field, false if it is absent."""
    value = _get(body, name, required=False)
    if value is not None and not isinstance(value, bool):
        raise BadField(f"`{name}` must be true or false")
    return bool(value)


def integer(body: Mapping[str, Any], name: str, *, within: range = INT64, required: bool = False) -> int | None:
    """Return an integer field, or `None` if it is absent; a float, a bool and a numeric string are refused."""
    value = _get(body, name, required=required)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadField(f"`{name}` must be an integer")
    if value not in within:
        raise BadField(f"`{name}` must be between {within.start} and {within.stop - 1}")
    return value


def strings(body: Mapping[str, Any], name: str, *, required: bool = True) -> list[str]:
    """Return a list of strings, empty if it is absent."""
    value = _get(body, name, required=required)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadField(f"`{name}` must be a list")
    items = cast("list[object]", value)
    if not all(isinstance(item, str) for item in items):
        raise BadField(f"`{name}` must hold strings only")
    return cast("list[str]", items)


def utf16_units(text: str) -> int:
    """Return the length of *text* as TikTok counts captions: an emoji outside the basic plane counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _get(body: Mapping[str, Any], name: str, *, required: bool) -> object:
    if name not in body:
        if required:
            raise BadField(f"`{name}` is required")
        return None
    value: object = body[name]
    if value is None:
        # TikTok does not document whether null means "absent", so the emulator refuses it.
        raise BadField(f"`{name}` must not be null")
    return value
