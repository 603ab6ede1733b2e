"""The lines of a Research query, and the fields that they are written with.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from datetime import date
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from attrs import evolve, frozen

from tiktok_async._query_checks import problems_of, wire_value
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import VideoLength

if TYPE_CHECKING:
    from tiktok_async.query import Query

__all__ = ["Condition", "F", "Operators"]

V_contra = TypeVar("V_contra", contravariant=True)


class Operators:
    """`&`, `|` and `~` between conditions and queries."""

    __slots__ = ()

    def __and__(self, other: "Condition | Query") -> "Query":
        from tiktok_async.query import Query

        return Query.all(cast("Condition | Query", self), other)

    def __or__(self, other: "Condition | Query") -> "Query":
        from tiktok_async.query import Query

        return Query.any(cast("Condition | Query", self), other)


@frozen(slots=True)
class Condition(Operators):
    """One line of a query: a field, an operation and its values. `F` makes them.

    It is checked as a part of a `Query`, so that all mistakes are told at once.
    """

    field_name: str
    operation: str
    field_values: tuple[object, ...]
    negated: bool = False

    def __invert__(self) -> "Condition":
        return evolve(self, negated=not self.negated)

    def __bool__(self) -> bool:
        # `a and b`, `a or b` and `1 < F.x < 9` would silently drop one side.
        raise ConfigurationError("Join conditions with &, | and ~, or with Query.all(...); `and`, `or`, `not` cannot.")

    @property
    def problems(self) -> list[str]:
        """Everything that is wrong with it, in words."""
        return problems_of(self.field_name, self.operation, self.field_values)


class _Field(Generic[V_contra]):
    """A field that can be compared for being the same."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"F.{self._name}"

    def __eq__(self, value: V_contra) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # builds a condition
        return Condition(self._name, "EQ", _values((value,)))

    def __ne__(self, value: V_contra) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # builds a condition
        return ~Condition(self._name, "EQ", _values((value,)))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # nothing that is equal to no other can be found in a set

    def in_(self, *values: V_contra) -> Condition:
        """Be one of *values*."""
        return Condition(self._name, "IN", _values(values))


class _Ordered(_Field[V_contra]):
    """A field that has an order, too."""

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
    """What a query may ask about: `F.region_code == "US"`, `F.view_count >= 1000`, `F.hashtag_name.in_("cat", "dog")`.

    Attributes:
        create_date: The UTC day of posting: a `date`, or `YYYYMMDD`.
        username: The handle of who posted it, without `@`.
        region_code: Where its account was registered: two capital letters of TikTok's list.
        video_id: Its id.
        hashtag_name: A hashtag, without `#`.
        keyword: A word of the description; TikTok compares loosely.
        music_id: The id of its music.
        effect_id: The id of an effect.
        video_length: Its length in TikTok's four words.
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
    # What cannot be a value stays as it is, and is told when the query is built.
    return tuple(value if (text := wire_value(value)) is None else text for value in values)
