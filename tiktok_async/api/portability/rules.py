"""Rules for scopes: which ones each part of a user's data needs, and which ones a request uses up.

Source: https://developers.tiktok.com/doc/data-portability-api-add
"""

from collections.abc import Iterable

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import PortabilityCategory

__all__ = ["check_categories", "missing_scopes", "spent_scopes"]

_ALL = "all"
_PARTS = {
    PortabilityCategory.VIDEO: "postsandprofile",
    PortabilityCategory.PROFILE: "postsandprofile",
    PortabilityCategory.ACTIVITY: "activity",
    PortabilityCategory.DIRECT_MESSAGE: "directmessages",
}


def check_categories(categories: Iterable[PortabilityCategory | str]) -> tuple[PortabilityCategory, ...]:
    """Return the categories, each once.

    Raises:
        ConfigurationError: There is none, or an unknown one.
    """
    if isinstance(categories, str):
        categories = (categories,)
    if not isinstance(categories, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise ConfigurationError(
            f"categories is a {type(categories).__name__}, not a list of {', '.join(PortabilityCategory)}."
        )
    named = tuple(dict.fromkeys(map(str, categories)))
    known = set(PortabilityCategory)
    problems = [f"{name[:60]!r} is no category; there are {', '.join(known)}" for name in named if name not in known]
    if not named:
        problems.append("there is no category")
    if problems:
        raise ConfigurationError(f"This archive cannot be asked for: {'; '.join(problems)}.", problems=problems)
    found = tuple(map(PortabilityCategory, named))
    # With `all_data`, TikTok ignores the others.
    return (PortabilityCategory.ALL_DATA,) if PortabilityCategory.ALL_DATA in found else found


def missing_scopes(granted: frozenset[str], categories: Iterable[PortabilityCategory]) -> frozenset[str]:
    """Return the scopes for a single request that the user must still grant for *categories*."""
    if _has(granted, _ALL):
        return frozenset()
    parts = {_PARTS.get(category, _ALL) for category in categories}
    return frozenset(_single(part) for part in parts if not _has(granted, part))


def spent_scopes(granted: frozenset[str], categories: Iterable[PortabilityCategory]) -> frozenset[str]:
    """Return the scopes that a request for *categories* uses up: a `.single` scope is valid for one.

    If several are enough, TikTok uses the broadest. An `.ongoing` scope is never used up.
    """
    parts = {_PARTS.get(category, _ALL) for category in categories}
    if _ongoing(_ALL) in granted or all(_ongoing(part) in granted for part in parts):
        return frozenset()
    if _single(_ALL) in granted:
        return frozenset({_single(_ALL)})
    return frozenset(_single(part) for part in parts if _ongoing(part) not in granted)


def _has(granted: frozenset[str], part: str) -> bool:
    return _single(part) in granted or _ongoing(part) in granted


def _single(part: str) -> str:
    return f"portability.{part}.single"


def _ongoing(part: str) -> str:
    return f"portability.{part}.ongoing"
