"""Quirks as words: `rotation=grace`, `posting.audited=false`, as a command line or a variable gives them."""

import types
from collections.abc import Iterable, Iterator
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import evolve, fields, has

from tiktok_async.emulator.engine.quirks import Quirks

_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse_quirks(words: Iterable[str], quirks: Quirks | None = None) -> Quirks:
    """Return *quirks* with what *words* change.

    Args:
        words: Each `NAME=VALUE`, or `AREA.NAME=VALUE`. Durations are seconds, `none` is `None`.
        quirks: What they change; default: TikTok's newest text.

    Raises:
        ValueError: A name is unknown, or a value does not fit; the message says which are known.

    Example:
        >>> parse_quirks(["rotation=grace", "posting.audited=true"]).rotation
        'grace'
    """
    changed = quirks or Quirks()
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            msg = f"{word!r} is not of the form NAME=VALUE"
            raise ValueError(msg)
        area, field_name, kind = _find(name.strip())
        read = _read(name, kind, value.strip())
        if area is None:
            changed = evolve(changed, **{field_name: read})
        else:
            changed = evolve(changed, **{area: evolve(getattr(changed, area), **{field_name: read})})
    return changed


def _all(cls: type = Quirks, area: str | None = None) -> Iterator[tuple[str | None, str, Any]]:
    hints = get_type_hints(cls)
    for field in fields(cls):
        kind = hints[field.name]
        if area is None and isinstance(kind, type) and has(kind):
            yield from _all(kind, field.name)
        else:
            yield area, field.name, kind


def _find(name: str) -> tuple[str | None, str, Any]:
    known = {(f"{area}.{own}" if area else own): (area, own, kind) for area, own, kind in _all()}
    short = [found for full, found in known.items() if full.rpartition(".")[2] == name]
    if name in known:
        return known[name]
    if len(short) == 1:
        return short[0]
    near = get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
    msg = f"no quirk is called {name!r}; known are {', '.join(near)}"
    raise ValueError(msg)


def _read(name: str, kind: Any, text: str) -> Any:  # noqa: ANN401 - the type is what is looked at
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return None if text.lower() == "none" else _read(name, kinds[0], text)
    wanted: object = kind
    if origin is Literal:
        choices = {str(choice).lower(): choice for choice in get_args(kind)}
        if text.lower() in choices:
            return choices[text.lower()]
        wanted = " or ".join(map(str, choices.values()))
    elif kind is bool:
        if text.lower() in _BOOLS:
            return _BOOLS[text.lower()]
        wanted = "true or false"
    elif kind is str:
        return text
    else:
        try:
            return timedelta(seconds=float(text)) if kind is timedelta else kind(text)
        except (TypeError, ValueError):
            wanted = "seconds" if kind is timedelta else getattr(kind, "__name__", kind)
    msg = f"{name} cannot be {text!r}: it takes {wanted}"
    raise ValueError(msg)
