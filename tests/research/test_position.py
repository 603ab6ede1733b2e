"""The walk: its windows leave no day out in either reading, no video comes twice, any process reads checkpoints."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tiktok_async import ConfigurationError
from tiktok_async.api.research.rules.position import ResearchPosition

QUERY: dict[str, Any] = {"and": [], "or": [], "not": []}
TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)


def begin(first: date, last: date, *, is_random: bool = False) -> ResearchPosition:
    return ResearchPosition.begin(QUERY, first, last, is_random=is_random, today=TODAY)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def asked(position: ResearchPosition) -> tuple[date, date]:
    body = position.request(QUERY, 100, is_random=False)
    return date.fromisoformat(body["start_date"]), date.fromisoformat(body["end_date"])


class Server:
    """Answers the requests of a walk from a list of videos, the newest first."""

    def __init__(self, videos: list[tuple[str, datetime]], *, inclusive: bool, page: int) -> None:
        self.videos = sorted(videos, key=lambda video: video[1], reverse=True)
        self.inclusive = inclusive
        self.page = page
        self.requests = 0

    def answer(self, position: ResearchPosition) -> tuple[list[tuple[str, datetime | None]], int | None]:
        self.requests += 1
        body = position.request(QUERY, self.page, is_random=False)
        start, end = (datetime.strptime(body[name], "%Y%m%d").date() for name in ("start_date", "end_date"))  # noqa: DTZ007 - a day
        assert timedelta(0) <= end - start <= timedelta(days=30)
        last = end if self.inclusive else end - DAY
        rows = [video for video in self.videos if start <= video[1].date() <= last]
        at = body.get("cursor", 0)
        page: list[tuple[str, datetime | None]] = list(rows[at : at + self.page])
        return page, at + self.page if at + self.page < len(rows) else None


def run(
    position: ResearchPosition, server: Server, *, lose: frozenset[int] = frozenset(), restore: bool = False
) -> list[str]:
    """Return the videos of a walk. TikTok forgets the search at the steps of *lose*; each may be in another process."""
    found: list[str] = []
    steps = 0
    while not position.done:
        steps += 1
        assert steps < 5_000
        if steps in lose and position.cursor is not None:
            position = position.lost()
        page, cursor = server.answer(position)
        found += [page[place][0] for place in position.wanted(page)]
        position = position.after(page, cursor=cursor, search_id="1")
        if restore:
            position = ResearchPosition.from_json(
                position.to_json(), QUERY, position.first, position.last, is_random=False
            )
    return found


@settings(max_examples=300, deadline=None)
@given(
    first=st.dates(date(2024, 1, 1), TODAY),
    days=st.integers(0, 130),
    posted=st.lists(st.integers(-40 * 24, 170 * 24), max_size=60),
    inclusive=st.booleans(),
    page=st.integers(1, 20),
    lose=st.frozensets(st.integers(1, 30), max_size=4),
    restore=st.booleans(),
)
def test_every_video_of_the_span_comes_once_by_either_reading_of_end_date(
    *, first: date, days: int, posted: list[int], inclusive: bool, page: int, lose: frozenset[int], restore: bool
) -> None:
    last = min(first + days * DAY, TODAY - DAY)
    if last < first:
        return
    videos = [(str(number), noon(first) + timedelta(hours=hours)) for number, hours in enumerate(posted)]
    server = Server(videos, inclusive=inclusive, page=page)
    wanted = [name for name, moment in server.videos if first <= moment.date() <= last]
    assert run(begin(first, last), server, lose=lose, restore=restore) == wanted


def test_a_walk_needs_no_more_windows_than_necessary() -> None:
    first = date(2025, 1, 1)
    videos = [
        (f"{day}-{hour}", noon(first + day * DAY) + timedelta(hours=hour)) for day in range(400) for hour in (0, 3)
    ]
    server = Server(videos, inclusive=True, page=100)
    assert len(run(begin(first, first + 399 * DAY), server)) == 800
    assert server.requests <= 14


def _least(first: date, last: date, server: Server) -> int:
    """Return the requests of a walk that knows from the start whether `end_date` is included."""
    span = 30 * DAY if server.inclusive else 29 * DAY
    requests = 0
    while last >= first:
        start = max(first, last - span)
        rows = sum(start <= moment.date() <= last for _, moment in server.videos)
        requests += max(1, -(-rows // server.page))
        last = start - DAY
    return requests


@settings(max_examples=200, deadline=None)
@given(days=st.integers(1, 100), busy=st.integers(1, 40), page=st.integers(1, 20), inclusive=st.booleans())
@example(days=1, busy=40, page=20, inclusive=True)
@example(days=31, busy=40, page=20, inclusive=True)
@example(days=62, busy=40, page=20, inclusive=True)
def test_a_walk_that_does_not_know_whether_the_end_is_included_costs_at_most_one_request_more(
    *, days: int, busy: int, page: int, inclusive: bool
) -> None:
    first = date(2026, 1, 1)
    videos = [
        (f"{day}-{one}", noon(first + day * DAY) + timedelta(seconds=one))
        for day in range(-3, days + 3)
        for one in range(busy)
    ]
    last = first + (days - 1) * DAY
    server = Server(videos, inclusive=inclusive, page=page)
    assert len(run(begin(first, last), server)) == days * busy
    assert server.requests <= _least(first, last, server) + 1


# Days from the first of the span on which videos were posted, and how many.
_POSTED = st.dictionaries(st.integers(-2, 2_200), st.integers(1, 9), max_size=80)
_REGULAR = st.builds(
    lambda each, from_: dict.fromkeys(range(from_, 2_200, each), 3), st.integers(1, 60), st.integers(-2, 59)
)


@settings(max_examples=300, deadline=None)
@given(days=st.integers(1, 2_100), posted=_POSTED | _REGULAR, inclusive=st.booleans())
@example(days=31, posted={}, inclusive=True)
@example(days=930, posted={}, inclusive=True)
@example(days=1_351, posted={}, inclusive=True)
@example(days=1_800, posted={}, inclusive=True)
@example(days=1_860, posted=dict.fromkeys(range(15, 1_860, 30), 1), inclusive=True)  # not on the first day of a window
@example(days=1_860, posted=dict.fromkeys(range(15, 1_860, 30), 1), inclusive=False)
@example(days=2_100, posted=dict.fromkeys(range(2_099, 0, -30), 1), inclusive=True)
def test_a_walk_of_one_page_a_window_asks_for_one_window_more_at_most(
    *, days: int, posted: dict[int, int], inclusive: bool
) -> None:
    first = date(2020, 1, 1)
    last = first + (days - 1) * DAY
    videos = [
        (f"{day}-{one}", noon(first + day * DAY) + timedelta(seconds=one))
        for day, count in posted.items()
        for one in range(count)
    ]
    server = Server(videos, inclusive=inclusive, page=10_000)
    wanted = [name for name, moment in server.videos if first <= moment.date() <= last]
    assert run(begin(first, last), server, restore=days < 100) == wanted
    # Answers without a video show nothing: each 31 windows of them, at the newest end, may cost one more.
    newest = max((day for day in posted if day < days), default=-1)
    without = (days - 1 - newest) // 30
    assert server.requests <= _least(first, last, server) + 1 + -(-without // 31)


def test_the_last_day_is_asked_for_by_one_more_where_there_is_one() -> None:
    assert asked(begin(date(2026, 11, 1), date(2026, 11, 10))) == (date(2026, 11, 1), date(2026, 11, 11))
    assert asked(begin(date(2026, 11, 1), TODAY)) == (date(2026, 11, 1), TODAY)


def test_a_request_holds_its_count_and_continues_its_search() -> None:
    position = begin(date(2026, 11, 1), date(2026, 11, 10))
    assert position.request(QUERY, 100, is_random=False) == {
        "query": QUERY,
        "start_date": "20261101",
        "end_date": "20261111",
        "max_count": 100,
    }
    further = position.after([("1", noon(date(2026, 11, 10)))], cursor=100, search_id="77")
    assert further.request(QUERY, 50, is_random=False)["search_id"] == "77"
    assert further.request(QUERY, 50, is_random=False)["cursor"] == 100
    assert "cursor" not in further.request(QUERY, 50, is_random=True)


def test_a_lost_search_begins_again_on_the_day_on_which_it_was_lost() -> None:
    position = begin(date(2026, 10, 20), date(2026, 11, 10))
    further = position.after([("1", noon(date(2026, 10, 25)))], cursor=100, search_id="77").lost()
    assert asked(further) == (date(2026, 10, 20), date(2026, 10, 26))
    assert further.cursor is None
    assert further.wanted([("1", noon(date(2026, 10, 25))), ("2", None)]) == [1]


def test_a_checkpoint_stays_small() -> None:
    position = begin(date(2025, 1, 1), date(2026, 1, 1))
    for day in range(300):
        moment = noon(date(2026, 1, 1) - day * DAY)
        position = position.after([(f"7{day:03}{one:015}", moment) for one in range(60)], cursor=None, search_id=None)
    assert len(position.to_json()) < 8_000


@pytest.mark.parametrize(
    "change",
    [
        {"query": {"and": [1]}},
        {"first": date(2026, 1, 2)},
        {"last": date(2026, 2, 2)},
        {"is_random": True},
    ],
)
def test_the_checkpoint_of_another_walk_is_refused(change: dict[str, Any]) -> None:
    same: dict[str, Any] = {"first": date(2026, 1, 1), "last": date(2026, 2, 1), "is_random": False, "query": QUERY}
    saved = begin(same["first"], same["last"]).to_json()
    body = {**same, **change}
    with pytest.raises(ConfigurationError, match="for another search"):
        ResearchPosition.from_json(saved, body["query"], body["first"], body["last"], is_random=body["is_random"])


def _altered() -> list[str]:
    good = json.loads(begin(date(2026, 1, 1), date(2026, 2, 1)).to_json())
    values: list[Any] = [None, "x", [], {}, -1]
    alterations = [{**good, name: value} for name in good for value in values]
    return ["", "null", "[]", "{}", "\x00", *map(json.dumps, alterations)]


@pytest.mark.parametrize("text", _altered())
def test_any_text_as_a_checkpoint_is_read_or_raises_our_error(text: str) -> None:
    try:
        position = ResearchPosition.from_json(text, QUERY, date(2026, 1, 1), date(2026, 2, 1), is_random=False)
        position.request(QUERY, 100, is_random=False)
        position.after([("1", noon(date(2026, 1, 3)))], cursor=None, search_id=None)
    except ConfigurationError:
        pass


def test_a_walk_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="before its start"):
        begin(date(2026, 2, 1), date(2026, 1, 1))
