"""Arguments of a wrong type, told all at once before anything is sent, by a function's own annotations."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import wraps
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, Union, cast, get_args, get_origin

from tiktok_async.models._checks import Checks, shown

__all__ = ["checked"]

P = ParamSpec("P")
R = TypeVar("R")


class _Kind(Protocol):
    def __call__(self, checks: Checks, name: str, value: object) -> None:
        """Add to *checks* what is wrong with *value*."""
        ...


def checked(what: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have the arguments of a function compared with its annotations before it runs.

    The annotations are those that type checkers read; one that is written as a string is not compared.

    Args:
        what: The begin of the error's message, such as "The search cannot be made".

    Raises:
        ConfigurationError: On a call, for all arguments that are of another type.

    Example:
        >>> @checked("Nothing is counted")
        ... def count(words: Iterable[str], limit: int | None = None) -> int:
        ...     return len(list(words)[:limit])
        >>> count(["a", "b"], limit=1)
        1
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        comparison = _Comparison(function)

        # The arguments may be secrets, such as a code: no frame that an error leaves behind holds them.
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def in_a_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - what it returns
                checks = comparison.of(args, kwargs)
                if checks.problems:
                    del args, kwargs
                    raise checks.error(what)
                work = cast("Awaitable[Any]", function(*args, **kwargs))
                del args, kwargs
                return await work

            return cast("Callable[P, R]", in_a_coroutine)

        @wraps(function)
        def at_once(*args: P.args, **kwargs: P.kwargs) -> R:
            checks = comparison.of(args, kwargs)
            if not checks.problems:
                return function(*args, **kwargs)
            del args, kwargs
            raise checks.error(what)

        return at_once

    return decorate


class _Comparison:
    """Compares the arguments of calls of one function with its annotations."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._signature: inspect.Signature | None = None
        self._kinds: dict[str, _Kind] = {}

    def of(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Checks:
        """Return what is wrong with the arguments of one call."""
        if self._signature is None:
            # At the first call, so that importing takes no time for it.
            self._signature = inspect.signature(self._function)
            self._kinds = _kinds(self._signature)
        checks = Checks()
        for name, value in self._signature.bind(*args, **kwargs).arguments.items():
            if name in self._kinds:
                self._kinds[name](checks, name, value)
        return checks


_WORDS: dict[Any, str] = {
    str: "a str",
    int: "a whole number",
    bool: "True or False",
    float: "a number",
    timedelta: "a timedelta",
    date: "a date",
    datetime: "an aware datetime",
    Mapping: "a mapping",
    Callable: "a function",
}


def _kinds(signature: inspect.Signature) -> dict[str, _Kind]:
    found = {name: _kind(parameter.annotation) for name, parameter in signature.parameters.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def _kind(annotation: Any) -> _Kind | None:  # noqa: ANN401 - whatever stands there
    """Return the check of an annotation; `None` if it says nothing that can be compared."""
    members = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    optional = NoneType in members
    members = tuple(member for member in members if member is not NoneType)
    if Any in members or (optional and not members):
        return None
    tests = [_test(member) for member in members]
    if any(test is None for test in tests):
        return None
    fits = [test for test in tests if test is not None]
    words = " or ".join(dict.fromkeys(_words(member) for member in members))
    listed = any(get_origin(member) is Iterable for member in members)
    plain = str in members
    # What should be a mapping may be headers in one text, and bytes may be a secret.
    hidden: tuple[type, ...] = (str, bytes) if any(get_origin(member) is Mapping for member in members) else (bytes,)

    def check(checks: Checks, name: str, value: object) -> None:
        if value is None and optional:
            return
        if isinstance(value, str) and (plain or listed):
            # Says more: half of a surrogate pair, or a word where a list of words is meant.
            (checks.text if plain else checks.names)(name, value)
        elif not any(fit(value) for fit in fits):
            found = type(value).__name__ if isinstance(value, hidden) else shown(value)
            checks.add(f"{name} is {found}, not {words}")

    return check


def _test(member: Any) -> Callable[[object], bool] | None:  # noqa: ANN401 - whatever stands there
    origin = get_origin(member)
    if origin is Literal:
        return lambda value: value in get_args(member)
    if origin is not None:
        member = origin
    if member is Callable:
        return callable
    if member is int or member is float:
        taken = (int, float) if member is float else int
        return lambda value: isinstance(value, taken) and not isinstance(value, bool)
    if not isinstance(member, type) or member is inspect.Parameter.empty:
        return None
    if getattr(member, "_is_protocol", False) and member not in {Iterable, Mapping}:
        needed = [name for base in member.__mro__ if getattr(base, "_is_protocol", False) for name in vars(base)]
        methods = [name for name in needed if not name.startswith("_")]
        return lambda value: all(hasattr(value, name) for name in methods)
    return lambda value: isinstance(value, member)


def _words(member: Any) -> str:  # noqa: ANN401 - whatever stands there
    origin = get_origin(member)
    if origin is Literal:
        return " or ".join(map(repr, get_args(member)))
    if origin is Iterable:
        return "a list"
    known = _WORDS.get(origin or member)
    name = getattr(origin or member, "__name__", str(member))
    return known or f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"
