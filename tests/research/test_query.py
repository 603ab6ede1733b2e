"""Research queries: only valid ones are accepted, refusals have reasons, combinations keep their meaning."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiktok_async import Condition, ConfigurationError, F, Query, VideoLength
from tiktok_async.emulator import ResearchData
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.research.data import Video
from tiktok_async.emulator.research.query import REGIONS as THE_EMULATORS
from tiktok_async.emulator.research.query import parse_query
from tiktok_async.query._checks import FIELDS, OPERATIONS, REGIONS

US, CATS, LONG = F.region_code == "US", F.hashtag_name == "cats", F.video_length == VideoLength.LONG


def test_the_contracts_example_is_two_conditions() -> None:
    query = Query.all(F.region_code.in_("US", "CA"), F.hashtag_name == "cats")
    assert query.body() == {
        "and": [
            {"operation": "IN", "field_name": "region_code", "field_values": ["US", "CA"]},
            {"operation": "EQ", "field_name": "hashtag_name", "field_values": ["cats"]},
        ],
        "or": [],
        "not": [],
    }


def test_operators_are_tiktoks_operations() -> None:
    query = Query.all(F.view_count > 1, F.view_count >= 2, F.view_count < 9, F.view_count <= 8, F.video_id == 7)
    assert [one.operation for one in query.all_of] == ["GT", "GTE", "LT", "LTE", "EQ"]
    assert [one.field_values for one in query.all_of] == [("1",), ("2",), ("9",), ("8",), ("7",)]


def test_days_have_the_form_that_tiktok_documents() -> None:
    night = datetime(2026, 1, 31, 23, 0, tzinfo=UTC) + timedelta(hours=2)
    query = Query.all(F.create_date >= date(2026, 1, 31), F.create_date < "20260302", F.create_date != night)
    assert [one.field_values for one in query.all_of] == [("20260131",), ("20260302",)]
    assert query.none_of[0].field_values == ("20260201",)


def test_and_or_and_not_conditions_are_in_their_lists() -> None:
    joined, either, neither = US & CATS & ~LONG, US | CATS | LONG, ~(US | CATS)
    assert joined == Query(all_of=(US, CATS), none_of=(LONG,))
    assert either == Query(any_of=(US, CATS, LONG))
    assert neither == Query(none_of=(US, CATS))
    assert ~~US == US
    assert Query.none(US, CATS) == Query(none_of=(US, CATS))
    assert ~Query.none(US, CATS) == Query(any_of=(US, CATS))
    assert Query.any(US) == Query.all(US)


def test_two_alternatives_of_one_field_become_a_list_of_values() -> None:
    query = (US | (F.region_code == "CA")) & (CATS | LONG)
    assert query.all_of == (F.region_code.in_("US", "CA"),)
    assert query.any_of == (CATS, LONG)


@pytest.mark.parametrize(
    "join",
    [
        lambda: (US & CATS) | LONG,
        lambda: US | ~CATS,
        lambda: ~(US & CATS),
        lambda: (US | CATS) & (LONG | (F.keyword == "x")),
        lambda: Query.none(US & ~CATS),
        lambda: Query.any(Query.none(US), CATS),
    ],
)
def test_an_expression_that_three_flat_lists_cannot_represent_is_refused_with_the_reason(join: Any) -> None:
    with pytest.raises(ConfigurationError, match="have no form for") as caught:
        join()
    assert len(caught.value.problems) == 1


def test_all_problems_are_in_one_error() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Query.all(
            F.region_code == "us",
            F.hashtag_name == "#cats",
            F.username != "@me",
            F.view_count >= -1,
            F.view_count == "many",
            F.create_date > "2026-01-31",
            F.create_date > datetime(2026, 1, 31),  # noqa: DTZ001 - that is the mistake
            F.video_length.in_("TINY", "SHORT"),
            F.keyword == " ",
            F.music_id.in_(),
            F.comment_count == True,  # noqa: E712 - builds a condition
            Condition("playlist", "LIKE", ("x",)),
            Condition("username", "GT", ("a", "b")),
        )
    problems = caught.value.problems
    assert len(problems) == 15
    for word in ("US", "leave it out", "-1", "many", "2026-01-31", "time zone", "TINY", "empty", "no value", "bool"):
        assert any(word in problem for problem in problems), word
    assert all(problem in str(caught.value) for problem in problems)


@pytest.mark.parametrize(
    "misuse", [lambda: US and CATS, lambda: not US, lambda: 1 < F.view_count < 9, lambda: bool(US)]
)
def test_pythons_and_or_and_not_are_refused_because_they_would_lose_a_condition(misuse: Any) -> None:
    with pytest.raises(ConfigurationError, match="&"):
        misuse()


@pytest.mark.parametrize("nothing", [Query.all, Query.any, Query.none])
def test_an_empty_query_is_refused(nothing: Any) -> None:
    with pytest.raises(ConfigurationError, match="no condition"):
        nothing()


def test_an_invalid_condition_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a str is neither"):
        Query.all(US, "region_code = US")  # type: ignore[arg-type]  # that is the mistake


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "{}", '{"and": []}', '{"and": {}}', '{"and": [1]}', '{"AND": []}', '{"and": [{}]}', b"\xff"],
)
def test_json_that_is_not_a_query_is_refused_with_reasons(body: str | bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Query.from_json(body)
    assert caught.value.problems


def test_regions_are_those_of_the_list() -> None:
    assert REGIONS == THE_EMULATORS


WORDS = st.sampled_from(["US", "us", "cats", "#cats", "", " ", "SHORT", "20260131", "20260230", "7", "-1", "x" * 300])
VALUES = WORDS | st.text(max_size=8) | st.integers(-5, 10**25).map(str) | st.sampled_from(sorted(REGIONS))
RAW_CONDITIONS = st.fixed_dictionaries(
    {
        "operation": st.sampled_from([*OPERATIONS, "LIKE", "eq"]),
        "field_name": st.sampled_from([*FIELDS, "title"]),
        "field_values": st.lists(VALUES, max_size=3),
    }
)
RAW_QUERIES = st.dictionaries(st.sampled_from(["and", "or", "not"]), st.lists(RAW_CONDITIONS, max_size=3))
FITTING = {
    "create_date": st.dates().map(lambda day: day.isoformat().replace("-", "")),
    "username": st.from_regex(r"[a-z0-9._]{1,24}", fullmatch=True),
    "region_code": st.sampled_from(sorted(REGIONS)),
    "hashtag_name": st.from_regex(r"[a-z]{1,9}", fullmatch=True),
    "keyword": st.from_regex(r"[a-z]{1,9}", fullmatch=True),
    "video_length": st.sampled_from(list(VideoLength)).map(str),
}
UNORDERED = ("username", "region_code", "hashtag_name", "keyword")


@st.composite
def fitting_conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(sorted(FIELDS)))
    operation = draw(st.sampled_from(["EQ", "IN"] if name in UNORDERED else list(OPERATIONS)))
    values = FITTING.get(name, st.integers(0, 10**19).map(str))
    return Condition(name, operation, tuple(draw(st.lists(values, min_size=1, max_size=3 if operation == "IN" else 1))))


@pytest.mark.slow
def test_the_server_accepts_what_the_builder_accepts_and_a_refusal_has_reasons(full: bool) -> None:  # noqa: FBT001 - a fixture
    accepted = refused = 0

    @settings(max_examples=5_000 if full else 200, deadline=None, database=None)
    @given(RAW_QUERIES)
    def check(raw: dict[str, Any]) -> None:
        nonlocal accepted, refused
        try:
            query = Query.from_json(json.dumps(raw))
        except ConfigurationError as error:
            assert error.problems  # noqa: PT017 - both outcomes are right
            assert all(problem in str(error) for problem in error.problems)  # noqa: PT017 - as above
            refused += 1
            return
        parse_query(query.body())
        assert Query.from_json(query.to_json()) == query
        accepted += 1

    check()
    assert accepted
    assert refused


@pytest.mark.slow
def test_fitting_conditions_are_accepted_by_both(full: bool) -> None:  # noqa: FBT001 - a fixture
    @settings(max_examples=5_000 if full else 200, deadline=None, database=None)
    @given(st.lists(fitting_conditions(), min_size=1, max_size=4))
    def check(conditions: list[Condition]) -> None:
        for query in (Query.all(*conditions), Query.any(*conditions), Query.none(*conditions)):
            parse_query(query.body())
            assert Query.from_json(query.to_json()) == query

    check()


@pytest.mark.slow
def test_the_builder_refuses_everything_that_the_server_refuses(full: bool) -> None:  # noqa: FBT001 - a fixture
    @settings(max_examples=5_000 if full else 200, deadline=None, database=None)
    @given(RAW_QUERIES)
    def check(raw: dict[str, Any]) -> None:
        try:
            parse_query(raw)
        except BadField:
            with pytest.raises(ConfigurationError):
                Query.from_json(raw)

    check()


SAMPLE = ResearchData(videos=60, days=5).all
LEAVES = st.sampled_from(
    [
        F.region_code == "US",
        F.region_code.in_("US", "FR", "DE"),
        F.hashtag_name == "cat",
        F.video_length >= "MID",
        F.view_count < 3_000,
        F.keyword == "hello",
    ]
)
TREES = st.recursive(
    LEAVES.map(lambda leaf: ("leaf", leaf)),
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=5,
)


def _built(tree: Any) -> Condition | Query:
    kind, *parts = tree
    match kind:
        case "leaf":
            return parts[0]  # type: ignore[no-any-return]  # a leaf
        case "not":
            return ~_built(parts[0])
        case "and":
            return _built(parts[0]) & _built(parts[1])
        case _:
            return _built(parts[0]) | _built(parts[1])


def _holds(tree: Any, video: Video) -> bool:
    kind, *parts = tree
    match kind:
        case "leaf":
            return parse_query(Query.all(parts[0]).body()).matches(video)
        case "not":
            return not _holds(parts[0], video)
        case "and":
            return _holds(parts[0], video) and _holds(parts[1], video)
        case _:
            return _holds(parts[0], video) or _holds(parts[1], video)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_combined_conditions_have_the_meaning_of_their_expression(tree: Any) -> None:
    try:
        built = _built(tree)
    except ConfigurationError as error:
        assert "have no form for" in str(error)  # noqa: PT017 - most trees have a form
        return
    query = parse_query(Query.all(built).body())
    for video in SAMPLE:
        assert query.matches(video) == _holds(tree, video)
