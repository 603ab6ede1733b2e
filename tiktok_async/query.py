"""Queries of the Research API, written as Python, and held to TikTok's rules before anything is sent.

TikTok's form is three flat lists: `and` (all of them hold), `or` (at least one does), `not` (none does). What `&`,
`|` and `~` can say beyond that is refused with the reason.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson
from attrs import frozen

from tiktok_async._query_fields import Condition, F, Operators
from tiktok_async.errors import ConfigurationError

__all__ = ["Condition", "F", "Query"]

_LISTS = ("and", "or", "not")
_KEYS = ("operation", "field_name", "field_values")


@frozen(slots=True)
class Query(Operators):
    """Which videos a Research walk is to find. Make one with `Query.all`, `Query.any` and `Query.none`.

    Attributes:
        all_of: Conditions that all hold: TikTok's `and`.
        any_of: Conditions of which at least one holds, if there are any: TikTok's `or`.
        none_of: Conditions of which none holds: TikTok's `not`.

    Example:
        >>> cats = Query.all(F.region_code.in_("US", "CA"), F.hashtag_name == "cats", F.video_length != "SHORT")
        >>> len(cats.all_of), len(cats.none_of)
        (2, 1)
    """

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()

    @classmethod
    def all(cls, *parts: "Condition | Query") -> "Query":
        """Return the query that holds where all *parts* do.

        Raises:
            ConfigurationError: Conditions are wrong (`.problems` names every mistake), or TikTok has no form for it.
        """
        joined = cls()
        for part in cls._checked(parts):
            joined = _both(joined, part)
        return joined

    @classmethod
    def any(cls, *parts: "Condition | Query") -> "Query":
        """Return the query that holds where at least one of *parts* does.

        Raises:
            ConfigurationError: As for `all`.
        """
        checked = cls._checked(parts)
        return (
            checked[0] if len(checked) == 1 else cls(any_of=_unique(one for part in checked for one in _choice(part)))
        )

    @classmethod
    def none(cls, *parts: "Condition | Query") -> "Query":
        """Return the query that holds where none of *parts* does.

        Raises:
            ConfigurationError: As for `all`.
        """
        joined = cls()
        for part in cls._checked(parts):
            joined = _both(joined, ~part)
        return joined

    @classmethod
    def from_json(cls, body: str | bytes | Mapping[str, Any]) -> "Query":
        """Return the query that TikTok's JSON says, as text or decoded.

        Raises:
            ConfigurationError: It is no query; `.problems` names every mistake.
        """
        found = _decoded(body)
        problems = [
            f"{key!r} is no list of a query; there are {', '.join(_LISTS)}" for key in found if key not in _LISTS
        ]
        lists = [tuple(_conditions(found.get(name, []), name, problems)) for name in _LISTS]
        problems += [problem for one in lists for condition in one for problem in condition.problems]
        if not problems and not any(lists):
            problems.append("no list holds a condition")
        _refuse(problems)
        return cls(*lists)

    def to_json(self) -> str:
        """Return TikTok's JSON of it; `from_json` reads it back."""
        return orjson.dumps(self.body()).decode()

    def body(self) -> dict[str, list[dict[str, Any]]]:
        """Return the `query` member of a request's body, with all three lists, as TikTok's own client sends it."""
        lists = zip(_LISTS, (self.all_of, self.any_of, self.none_of), strict=True)
        return {
            name: [
                {"operation": one.operation, "field_name": one.field_name, "field_values": list(one.field_values)}
                for one in conditions
            ]
            for name, conditions in lists
        }

    def __invert__(self) -> "Query":
        if not self.none_of and (positive := _as_choice(self)) is not None:
            return Query(none_of=positive)
        if not self.all_of and not self.any_of:
            return Query(any_of=self.none_of)
        raise _no_form("not (x and y)", "its `not` list excludes each condition by itself")

    @classmethod
    def _checked(cls, parts: "tuple[Condition | Query, ...]") -> "list[Query]":
        """Return *parts* as queries, after telling every mistake in them at once."""
        problems: list[str] = []
        queries: list[Query] = []
        for part in parts:
            if isinstance(part, Query):
                queries.append(part)
            elif isinstance(part, Condition):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
                problems += part.problems
                queries.append(_single(part))
            else:
                problems.append(f"a {type(part).__name__} is neither a condition nor a query")
        if not parts:
            problems.append("there is no condition")
        _refuse(problems)
        return queries


def _single(condition: Condition) -> Query:
    return Query(none_of=(~condition,)) if condition.negated else Query(all_of=(condition,))


def _both(left: Query, right: Query) -> Query:
    all_of, any_of = left.all_of + right.all_of, left.any_of
    if right.any_of and not any_of:
        any_of = right.any_of
    elif right.any_of and set(right.any_of) != set(any_of):
        # One `or` list there is; of two choices, one has to be said in a single condition.
        if (one := _merged(right.any_of)) is not None:
            all_of += (one,)
        elif (one := _merged(any_of)) is not None:
            all_of, any_of = (*all_of, one), right.any_of
        else:
            raise _no_form("(w or x) and (y or z)", "it has one `or` list; choices of one field can be an in_(...)")
    return Query(_unique(all_of), any_of, _unique(left.none_of + right.none_of))


def _merged(choice: tuple[Condition, ...]) -> Condition | None:
    """Return a choice among values of one field as one condition."""
    if len(choice) == 1:
        return choice[0]
    if len({one.field_name for one in choice}) > 1 or not {one.operation for one in choice} <= {"EQ", "IN"}:
        return None
    values = dict.fromkeys(value for one in choice for value in one.field_values)
    return Condition(choice[0].field_name, "IN", tuple(values))


def _choice(query: Query) -> tuple[Condition, ...]:
    """Return *query* as a part of an `or` list."""
    if query.none_of:
        raise _no_form("x or not y", "what its `not` list says holds for the whole query")
    found = _as_choice(query)
    if found is None:
        raise _no_form("x or (y and z)", "its `and` list holds for the whole query, whatever its `or` list says")
    return found


def _as_choice(query: Query) -> tuple[Condition, ...] | None:
    if query.all_of and (query.any_of or len(query.all_of) > 1):
        return None
    return query.all_of or query.any_of


def _unique(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(dict.fromkeys(conditions))


def _no_form(what: str, why: str) -> ConfigurationError:
    reason = f"TikTok's three lists have no form for `{what}`: {why}"
    return ConfigurationError(
        f"This query cannot be asked in one go. {reason}. Walk its parts one by one, and merge the videos by id.",
        problems=[reason],
    )


def _decoded(body: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = body
    if isinstance(body, str | bytes):
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            found = None
    if not isinstance(found, Mapping):
        _refuse(["it is no JSON object with the lists `and`, `or` and `not`"])
    return cast("Mapping[str, Any]", found)


def _conditions(raw: Any, name: str, problems: list[str]) -> Iterable[Condition]:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, list):
        problems.append(f"`{name}` is no list")
        return
    for index, item in enumerate(_list(raw)):
        found = cast("dict[str, Any]", item) if type(item) is dict else {}
        operation, field, values = (found.get(key) for key in _KEYS)
        if set(found) != set(_KEYS) or not (isinstance(field, str) or isinstance(operation, str)):
            problems.append(f"`{name}`[{index}] is no object of {', '.join(_KEYS)}")
        elif type(values) is not list or not all(isinstance(one, str) for one in _list(values)):
            problems.append(f"`{name}`[{index}].field_values is no list of strings")
        else:
            yield Condition(str(field), str(operation), tuple(_list(values)))


def _list(raw: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    return raw if type(raw) is list else []  # pyright: ignore[reportUnknownVariableType]  # JSON


def _refuse(problems: list[str]) -> None:
    if problems:
        listed = "".join(f"\n- {problem}" for problem in problems)
        raise ConfigurationError(f"TikTok would refuse this query:{listed}", problems=problems)
