"""Cursors: a listing goes on after short pages, and ends at a cursor that does not change."""

from hypothesis import given
from hypothesis import strategies as st

from tiktok_async.api.pages import next_cursor


def test_a_listing_continues_at_the_cursor_of_tiktok() -> None:
    assert next_cursor(None, 1646883959000, has_more=True) == 1646883959000
    assert next_cursor(1646883959000, 1646880000000, has_more=True) == 1646880000000
    assert next_cursor("a", "b", has_more=True) == "b"


def test_a_listing_ends_when_there_is_no_more_or_no_cursor() -> None:
    assert next_cursor(None, 1, has_more=False) is None
    assert next_cursor(5, None, has_more=True) is None


def test_a_cursor_that_does_not_change_ends_the_listing() -> None:
    assert next_cursor(100, 100, has_more=True) is None
    assert next_cursor("a", "a", has_more=True) is None
    assert next_cursor(None, 0, has_more=True) is None
    assert next_cursor(0, 0, has_more=True) is None


@given(st.none() | st.integers(), st.none() | st.integers(), st.booleans())
def test_a_next_cursor_is_always_the_one_that_came_and_never_the_one_before(
    previous: int | None,
    returned: int | None,
    has_more: bool,  # noqa: FBT001 - Hypothesis
) -> None:
    following = next_cursor(previous, returned, has_more=has_more)
    assert following is None or (has_more and following == returned != previous)
