"""How the server reads a query: what it refuses, and that it finds the videos that the query describes."""

import contextlib
import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async.emulator import ResearchData
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.research.query import LENGTHS, REGIONS, parse_query, parse_span

DATA = ResearchData(videos=400, users=15, days=20)
# The example of TikTok's reference.
DOCUMENTED: dict[str, Any] = {
    "and": [
        {"operation": "IN", "field_name": "region_code", "field_values": ["US", "FR"]},
        {"operation": "EQ", "field_name": "hashtag_name", "field_values": ["cat"]},
    ],
    "not": [{"operation": "EQ", "field_name": "video_length", "field_values": ["SHORT"]}],
}


def one(operation: Any, field: Any, values: Any) -> dict[str, Any]:
    return {"and": [{"operation": operation, "field_name": field, "field_values": values}]}


def test_the_documented_query_finds_matching_videos() -> None:
    found = [video for video in DATA.all if parse_query(DOCUMENTED).matches(video)]
    assert found
    assert {video.region_code for video in found} <= {"US", "FR"}
    assert all("cat" in video.hashtag_names and video.duration >= 15 for video in found)


def test_empty_lists_beside_a_full_one_change_nothing() -> None:
    """TikTok's official wrapper sends them."""
    whole = {"and": DOCUMENTED["and"], "or": [], "not": []}
    assert parse_query(whole).all == parse_query({"and": DOCUMENTED["and"]}).all


@pytest.mark.parametrize(
    "query",
    [
        one("EQ", "create_date", ["20260815"]),
        one("GTE", "create_date", ["20260815"]),
        one("EQ", "username", ["emu_user_0001"]),
        one("IN", "video_id", ["7690000000000000000", "1"]),
        one("EQ", "keyword", ["HELLO"]),
        one("LT", "music_id", ["7106506857899919100"]),
        one("IN", "effect_id", ["1234567"]),
        one("GT", "video_length", ["MID"]),
        one("LTE", "view_count", ["5000"]),
        one("GTE", "comment_count", ["10"]),
        {"or": one("EQ", "region_code", ["US"])["and"]},
        {"not": one("EQ", "region_code", ["US"])["and"]},
    ],
)
def test_every_documented_field_can_be_queried(query: dict[str, Any]) -> None:
    parsed = parse_query(query)
    assert len([video for video in DATA.all if parsed.matches(video)]) < len(DATA.all)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (None, "object"),
        ([], "object"),
        ({}, "at least one"),
        ({"and": [], "or": [], "not": []}, "at least one"),
        ({"nor": []}, "unknown key 'nor'"),
        ({"and": {}}, "query.and must be a list"),
        ({"and": ["x"]}, r"query.and\[0\]: the body must be a JSON object"),
        ({"and": [{"operation": "EQ", "field_name": "username"}]}, "nothing else"),
        (one("LIKE", "username", ["a"]), "unknown operation"),
        (one("EQ", "hashtag_names", ["a"]), "unknown field_name"),
        (one("EQ", "username", []), "does not go with 0 values"),
        (one("EQ", "username", ["a", "b"]), "does not go with 2 values"),
        (one("EQ", "username", "a"), "must be a list"),
        (one("EQ", "video_id", [1]), "strings only"),
        (one("EQ", "username", [" "]), "must not be empty"),
        (one("GT", "username", ["a"]), "has no order"),
        (one("EQ", "region_code", ["us"]), "unknown region_code"),
        (one("EQ", "video_length", ["TINY"]), "unknown video_length"),
        (one("EQ", "hashtag_name", ["#cat"]), "without #"),
        (one("EQ", "view_count", ["-1"]), "takes digits"),
        (one("EQ", "view_count", ["\u0663"]), "takes digits"),
        (one("EQ", "create_date", ["2026-08-15"]), "YYYYMMDD"),
        (one("EQ", "create_date", ["20260231"]), "YYYYMMDD"),
    ],
)
def test_a_query_that_the_page_does_not_allow_is_refused(query: Any, message: str) -> None:
    with pytest.raises(BadField, match=message):
        parse_query(query)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("20260801", "20260831", None),
        ("20260801", "20260801", None),
        ("20260801", "20260901", "more than 30 days"),
        ("20260802", "20260801", "before"),
        ("2026-08-01", "20260801", "YYYYMMDD"),
        (20260801, "20260801", "string"),
        (..., "20260801", "required"),
    ],
)
def test_a_span_is_at_most_thirty_days(start: Any, end: Any, message: str | None) -> None:
    body = {name: value for name, value in (("start_date", start), ("end_date", end)) if value is not ...}
    if message is None:
        assert parse_span(body)[0] == date(2026, 8, 1)
    else:
        with pytest.raises(BadField, match=message):
            parse_span(body)


def test_there_are_as_many_regions_as_the_page_lists() -> None:
    assert len(REGIONS) > 230
    assert all(len(region) == 2 and region.isupper() for region in REGIONS)


CONDITIONS = st.one_of(
    st.builds(lambda values: ("IN", "region_code", values), st.lists(st.sampled_from(sorted(REGIONS)), min_size=1)),
    st.builds(
        lambda operation, length: (operation, "video_length", [length]),
        st.sampled_from(("EQ", "GT", "GTE", "LT", "LTE")),
        st.sampled_from(LENGTHS),
    ),
    st.builds(
        lambda operation, number: (operation, "view_count", [str(number)]),
        st.sampled_from(("EQ", "GT", "GTE", "LT", "LTE")),
        st.integers(0, 100_000),
    ),
    st.builds(lambda name: ("EQ", "hashtag_name", [name]), st.sampled_from(("cat", "CATS", "news", "nothing"))),
)


@given(CONDITIONS)
def test_not_matches_the_videos_that_and_does_not_match(condition: tuple[str, str, list[str]]) -> None:
    listed = one(*condition)["and"]
    positive, negative = parse_query({"and": listed}), parse_query({"not": listed})
    assert all(positive.matches(video) != negative.matches(video) for video in DATA.all)


@given(st.lists(CONDITIONS, min_size=1, max_size=3))
def test_or_matches_any_condition_and_and_matches_all_conditions(conditions: list[tuple[str, str, list[str]]]) -> None:
    listed = [one(*condition)["and"][0] for condition in conditions]
    either, both = parse_query({"or": listed}), parse_query({"and": listed})
    each = [parse_query({"and": [condition]}) for condition in listed]
    for video in DATA.all:
        assert either.matches(video) == any(query.matches(video) for query in each)
        assert both.matches(video) == all(query.matches(video) for query in each)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(("EQ", "username", "and")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("and", "or", "not", "operation", "field_name", "field_values")), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_breaks_the_validator(query: Any) -> None:
    before = copy.deepcopy(query)
    with contextlib.suppress(BadField):
        parse_query(query)
    assert query == before


def test_the_data_set_is_the_same_for_the_same_seed() -> None:
    again, other = ResearchData(videos=400, users=15, days=20), ResearchData(videos=400, users=15, days=20, seed=1)
    assert list(again.all) == list(DATA.all)
    assert list(other.all) != list(DATA.all)
    assert [video.id for video in DATA.all] == sorted({video.id for video in DATA.all}, reverse=True)
    assert {video.length for video in DATA.all} == set(LENGTHS)
