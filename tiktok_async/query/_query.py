"""Queries of the Research API, written in Python, and checked by TikTok's rules before anything is sent.

TikTok's form is three flat lists: `and` (all conditions are met), `or` (at least one is), `not` (none is). A
combination of `&`, `|` and `~` that does not fit into these is refused with the reason.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar, cast

import orjson
from attrs import evolve, frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import VideoLength
from tiktok_async.query._checks import problems_of, wire_value

__all__ = ["Condition", "F", "Operators", "Query"]


V_contra = TypeVar("V_contra", contravariant=True)


class Operators:
    """`&`, `|` and `~` between conditions and queries."""

    __slots__ = ()

    def __and__(self, other: "Condition | Query") -> "Query":
        return Query.all(cast("Condition | Query", self), other)

    def __or__(self, other: "Condition | Query") -> "Query":
        return Query.any(cast("Condition | Query", self), other)


@frozen(slots=True)
class Condition(Operators):
    """One condition of a query: a field, an operation and its values, made by `F`.

    It is checked as a part of a `Query`, so that all problems are reported at once.
    """

    field_name: str
    operation: str
    field_values: tuple[object, ...]
    negated: bool = False

    def __invert__(self) -> "Condition":
        return evolve(self, negated=not self.negated)

    def __bool__(self) -> bool:
        # `a and b`, `a or b` and `1 < F.x < 9` would silently lose one side.
        raise ConfigurationError("Join conditions with &, | and ~ or Query.all(...), not with `and`, `or` or `not`.")

    @property
    def problems(self) -> list[str]:
        """Messages for all its problems."""
        return problems_of(self.field_name, self.operation, self.field_values)


class _Field(Generic[V_contra]):
    """A field that can be compared for equality."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"F.{self._name}"

    def __eq__(self, value: V_contra) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # builds a condition
        return Condition(self._name, "EQ", _values((value,)))

    def __ne__(self, value: V_contra) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # builds a condition
        return ~Condition(self._name, "EQ", _values((value,)))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # `==` makes a condition, so it cannot be in a set

    def in_(self, *values: V_contra) -> Condition:
        """Return the condition that the field is one of *values*."""
        return Condition(self._name, "IN", _values(values))


class _Ordered(_Field[V_contra]):
    """A field that can also be compared by order."""

    __slots__ = ()

    def __gt__(self, value: V_contra) -> Condition:
        return Condition(self._name, "GT", _values((value,)))

    def __ge__(self, value: V_contra) -> Condition:
        return Condition(self._name, "GTE", _values((value,)))

    def __lt__(self, value: V_contra) -> Condition:
        return Condition(self._name, "LT", _values((value,)))

    def __le__(self, value: V_contra) -> Condition:
        return Condition(self._name, "LTE", _values((value,)))


class _Fields:
    """The fields of a query: `F.region_code == "US"`, `F.view_count >= 1000`, `F.hashtag_name.in_("cat", "dog")`.

    Attributes:
        create_date: The UTC day of posting: a `date`, or `YYYYMMDD`.
        username: The handle of its creator, without `@`.
        region_code: The region in which the account was registered: two capital letters of TikTok's list.
        video_id: Its id.
        hashtag_name: A hashtag, without `#`.
        keyword: A word of the description; TikTok finds similar ones, too.
        music_id: The id of its music.
        effect_id: The id of an effect.
        video_length: Its length, one of TikTok's four names.
        view_count: Views.
        comment_count: Comments.
    """

    __slots__ = ()

    create_date: _Ordered[date | str] = _Ordered("create_date")
    username: _Field[str] = _Field("username")
    region_code: _Field[str] = _Field("region_code")
    video_id: _Ordered[str | int] = _Ordered("video_id")
    hashtag_name: _Field[str] = _Field("hashtag_name")
    keyword: _Field[str] = _Field("keyword")
    music_id: _Ordered[str | int] = _Ordered("music_id")
    effect_id: _Ordered[str | int] = _Ordered("effect_id")
    video_length: _Ordered[VideoLength | str] = _Ordered("video_length")
    view_count: _Ordered[int | str] = _Ordered("view_count")
    comment_count: _Ordered[int | str] = _Ordered("comment_count")


F = _Fields()
"""The fields of a query."""


def _values(values: tuple[object, ...]) -> tuple[object, ...]:
    # An invalid value stays unchanged, and is reported when the query is built.
    return tuple(value if (text := wire_value(value)) is None else text for value in values)


_LISTS = ("and", "or", "not")
_KEYS = ("operation", "field_name", "field_values")


@frozen(slots=True)
class Query(Operators):
    """The conditions for the videos of a Research search. Make one with `Query.all`, `Query.any` and `Query.none`.

    Attributes:
        all_of: Conditions that must all be met: TikTok's `and`.
        any_of: Conditions of which at least one must be met, if there are any: TikTok's `or`.
        none_of: Conditions that must not be met: TikTok's `not`.

    Example:
        >>> cats = Query.all(F.region_code.in_("US", "FR"), F.hashtag_name == "cats", F.video_length != "SHORT")
        >>> len(cats.all_of), len(cats.none_of)
        (2, 1)
    """

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()

    @classmethod
    def all(cls, *parts: "Condition | Query") -> "Query":
        """Return the query that finds the videos that meet all *parts*.

        Raises:
            ConfigurationError: Conditions are invalid (`.problems` names every problem), or TikTok has no form for it.
        """
        joined = cls()
        for part in cls._checked(parts):
            joined = _both(joined, part)
        return joined

    @classmethod
    def any(cls, *parts: "Condition | Query") -> "Query":
        """Return the query that finds the videos that meet at least one of *parts*.

        Raises:
            ConfigurationError: As for `all`.
        """
        checked = cls._checked(parts)
        return (
            checked[0] if len(checked) == 1 else cls(any_of=_unique(one for part in checked for one in _choice(part)))
        )

    @classmethod
    def none(cls, *parts: "Condition | Query") -> "Query":
        """Return the query that finds the videos that meet none of *parts*.

        Raises:
            ConfigurationError: As for `all`.
        """
        joined = cls()
        for part in cls._checked(parts):
            joined = _both(joined, ~part)
        return joined

    @classmethod
    def from_json(cls, body: str | bytes | Mapping[str, Any]) -> "Query":
        """Return the query in TikTok's JSON, as text or decoded.

        Raises:
            ConfigurationError: It is not a query; `.problems` names every problem.
        """
        found = _decoded(body)
        problems = [
            f"{key!r} is not a list of a query; the lists are {', '.join(_LISTS)}" for key in found if key not in _LISTS
        ]
        lists = [tuple(_conditions(found.get(name, []), name, problems)) for name in _LISTS]
        problems += [problem for one in lists for condition in one for problem in condition.problems]
        if not problems and not any(lists):
            problems.append("it has no condition in any list")
        _refuse(problems)
        return cls(*lists)

    def to_json(self) -> str:
        """Return TikTok's JSON of it; `from_json` reads it back."""
        return orjson.dumps(self.body()).decode()

    def body(self) -> dict[str, list[dict[str, Any]]]:
        """Return the `query` member of a request's body, with all three lists, in the form of TikTok's own client."""
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
        """Return *parts* as queries, or report all problems in them at once."""
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
        # There is only one `or` list, so one of two choices must become a single condition.
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
        raise _no_form("x or not y", "its `not` list applies to the whole query")
    found = _as_choice(query)
    if found is None:
        raise _no_form("x or (y and z)", "its `and` list applies to the whole query, not to a part of its `or` list")
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
        f"This query does not fit into one search. {reason}. Search for its parts, and merge the videos by id.",
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
        _refuse(["it is not a JSON object with the lists `and`, `or` and `not`"])
    return cast("Mapping[str, Any]", found)


def _conditions(raw: Any, name: str, problems: list[str]) -> Iterable[Condition]:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, list):
        problems.append(f"`{name}` is not a list")
        return
    for index, item in enumerate(_list(raw)):
        found = cast("dict[str, Any]", item) if type(item) is dict else {}
        operation, field, values = (found.get(key) for key in _KEYS)
        if set(found) != set(_KEYS) or not (isinstance(field, str) or isinstance(operation, str)):
            problems.append(f"`{name}`[{index}] is not an object of {', '.join(_KEYS)}")
        elif type(values) is not list or not all(isinstance(one, str) for one in _list(values)):
            problems.append(f"`{name}`[{index}].field_values is not a list of strings")
        else:
            yield Condition(str(field), str(operation), tuple(_list(values)))


def _list(raw: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    return raw if type(raw) is list else []  # pyright: ignore[reportUnknownVariableType]  # JSON


def _refuse(problems: list[str]) -> None:
    if problems:
        listed = "".join(f"\n- {problem}" for problem in problems)
        raise ConfigurationError(f"TikTok would refuse this query:{listed}", problems=problems)
