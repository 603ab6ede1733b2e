"""The position of a search over any span of days: its window, its cursor, the videos seen, and its checkpoint.

One request of TikTok's may span 30 days, so a longer span is read window by window, the newest first. TikTok's
sources disagree on whether `end_date` itself is included. So the first window ends one day after the span: videos come
the newest first, and one of that day in the first answer shows that `end_date` is included. Then the days that are
left are cut into windows anew, if that needs fewer of them; from there on every window is exact.

Until an answer has shown it, each window ends on the oldest day of the window before it, and the videos already seen
are left out. So no day is lost, and a window has 30 new days instead of 31. A day without videos teaches nothing. If
that would cost a long walk a request, one window ends on a day that is known to have videos instead: its answer always
shows whether `end_date` is included, and the walk asks for one window more at most.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-videos
https://developers.tiktok.com/doc/research-api-faq
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

import orjson
from attrs import evolve, frozen

from tiktok_async.errors import ConfigurationError

__all__ = ["ResearchPosition", "Seen"]

_FORM = 1
_DAY = timedelta(days=1)
# https://developers.tiktok.com/doc/research-api-specs-query-videos: "at most 30 days after start"
_WINDOW = timedelta(days=30)
# The days of a window, if `end_date` is included, and if it is not.
_INCLUSIVE, _EXCLUSIVE = 31, 30

Seen = tuple[str, datetime | None]
"""A video: its id and when it was posted."""


@frozen(slots=True, kw_only=True)
class ResearchPosition:
    """How far a search over a span of days has come: gives the next request, and saves itself as a checkpoint.

    Attributes:
        key: A digest of the query and its options.
        first: The oldest day wanted.
        last: The newest day wanted.
        start: The oldest day of the window that is being read.
        end: Its `end_date`.
        done: Whether every page was read.
        cursor: TikTok's cursor of the next page; `None` at the start of a window.
        search_id: TikTok's id of the window's search.
        inclusive: Whether `end_date` itself is included; `None` until an answer has shown it.
        oldest: The oldest day of a video so far.
        seen: The ids of that day and the day after it: only these can come again.
    """

    key: str
    first: date
    last: date
    start: date
    end: date
    done: bool = False
    cursor: int | None = None
    search_id: str | None = None
    inclusive: bool | None = None
    oldest: date | None = None
    seen: Mapping[str, date | None]

    @classmethod
    def begin(cls, body: Mapping[str, Any], first: date, last: date, *, is_random: bool, today: date) -> Self:
        """Return the first position of a search for the query *body* from *first* to *last*, both included.

        Raises:
            ConfigurationError: *last* is before *first*.
        """
        if last < first:
            raise ConfigurationError(f"The search ends on {last}, before its start on {first}.")
        # One day more, unless that is in the future, so that the last day is included by either reading of `end_date`.
        end = last + _DAY if last < today else last
        return cls(
            key=_key(body, first, last, is_random=is_random),
            first=first,
            last=last,
            start=max(first, end - _WINDOW),
            end=end,
            seen={},
        )

    def request(self, body: Mapping[str, Any], max_count: int, *, is_random: bool) -> dict[str, Any]:
        """Return the body of the next request."""
        request: dict[str, Any] = {
            "query": body,
            "start_date": _digits(self.start),
            "end_date": _digits(self.end),
            # Its default is 20 on one of TikTok's pages and 10 on another.
            "max_count": max_count,
        }
        if is_random:
            request["is_random"] = True
        elif self.cursor is not None:
            request["cursor"] = self.cursor
            if self.search_id is not None:
                request["search_id"] = self.search_id
        return request

    def wanted(self, videos: Iterable[Seen]) -> list[int]:
        """Return the indexes of those *videos* that belong to the search and were not seen before."""
        found: list[int] = []
        here: set[str] = set()
        for place, (video_id, posted) in enumerate(videos):
            inside = posted is None or self.first <= posted.date() <= self.last
            if inside and video_id not in self.seen and video_id not in here:
                here.add(video_id)
                found.append(place)
        return found

    def after(self, videos: Sequence[Seen], *, cursor: int | None, search_id: str | None) -> "ResearchPosition":
        """Return the position after a page.

        Args:
            videos: All videos of the page.
            cursor: The cursor of the window's next page; `None` at its end.
            search_id: TikTok's id of the search.
        """
        seen, oldest = dict(self.seen), self.oldest
        for video_id, posted in videos:
            day = None if posted is None else posted.date()
            seen[video_id] = day
            oldest = day if oldest is None else min(oldest, day or oldest)
        # Videos come the newest first, so only those of the oldest days can come again.
        kept = {one: day for one, day in seen.items() if day is None or oldest is None or day <= oldest + _DAY}
        inclusive = self._learn(videos, last_page=cursor is None)
        read = evolve(self, seen=kept, inclusive=inclusive, oldest=oldest)
        if cursor is None:
            return _next_window(read)
        if inclusive and not self.inclusive and (end := self._end_anew(videos)) is not None:
            return _window(read, end)
        return evolve(read, cursor=cursor, search_id=search_id or self.search_id)

    def _learn(self, videos: Sequence[Seen], *, last_page: bool) -> bool | None:
        """Return whether `end_date` is included, by what was known and by a page of the window."""
        midnight = datetime.combine(self.end, time(), UTC)
        times = [posted for _, posted in videos if posted is not None]
        if any(posted > midnight for posted in times):
            return True
        # Of a day that has videos there is none, though the newest come first.
        older = all(posted < midnight for posted in times) if times else last_page
        return False if self.inclusive is None and older and self.end in self.seen.values() else self.inclusive

    def _end_anew(self, videos: Sequence[Seen]) -> date | None:
        """Return the `end_date` with which to begin the window anew, or `None` to read it to its end.

        The page *videos* has shown that `end_date` is included. A window that begins anew leaves that day out, and the
        days that were read, except the last one and one more: the order of two videos is that of their ids, and their
        days may differ.
        """
        new = [videos[place][1] for place in self.wanted(videos)]
        if any(posted is None or posted.date() >= self.end for posted in new):
            return None
        oldest = min(posted.date() for _, posted in videos if posted is not None)
        end = min(oldest + _DAY, self.end - _DAY)
        anew = _windows(self.first, end, _INCLUSIVE)
        going_on = 1 + _windows(self.first, self.start - _DAY, _INCLUSIVE)
        return end if end >= self.first and (not new or anew < going_on) else None

    def lost(self) -> "ResearchPosition":
        """Return the position after TikTok has forgotten the search: it begins a new one, for the days not yet read."""
        end = self.end if self.oldest is None else max(self.start, min(self.end, self.oldest + _DAY))
        return evolve(self, end=end, cursor=None, search_id=None)

    def to_json(self) -> str:
        """Return it as a checkpoint, from which any process can go on."""
        days = {"first": self.first, "last": self.last, "start": self.start, "end": self.end, "oldest": self.oldest}
        state = {name: getattr(self, name) for name in ("key", "done", "cursor", "search_id", "inclusive")}
        return orjson.dumps({"form": _FORM, **state, **days, "seen": self.seen}).decode()

    @classmethod
    def from_json(cls, checkpoint: str, body: Mapping[str, Any], first: date, last: date, *, is_random: bool) -> Self:
        """Return the position that *checkpoint* holds.

        Raises:
            ConfigurationError: It is not a checkpoint, or is for another search.
        """
        try:
            state: Any = orjson.loads(checkpoint)
            form = state.pop("form")
            for name in ("first", "last", "start", "end"):
                state[name] = date.fromisoformat(state[name])
            state["oldest"] = None if state["oldest"] is None else date.fromisoformat(state["oldest"])
            state["seen"] = {one: day and date.fromisoformat(day) for one, day in state["seen"].items()}
            position = cls(**state)
        except (AttributeError, KeyError, TypeError, ValueError):
            form, position = None, None
        if position is None or form != _FORM:
            raise ConfigurationError("This is not a checkpoint of a search; give a page's `checkpoint`, unchanged.")
        if position.key != _key(body, first, last, is_random=is_random):
            raise ConfigurationError(
                "This checkpoint is for another search: the query, `start`, `end` and `is_random` must be the same."
            )
        return position


def _next_window(position: ResearchPosition) -> ResearchPosition:
    if position.start <= position.first:
        return evolve(position, done=True, cursor=None, search_id=None)
    return _window(position, position.start - _DAY if position.inclusive else _shared_day(position))


def _window(position: ResearchPosition, end: date) -> ResearchPosition:
    """Return the start of the window that ends with *end*."""
    return evolve(position, end=end, start=max(position.first, end - _WINDOW), cursor=None, search_id=None)


def _shared_day(position: ResearchPosition) -> date:
    """Return the day that the next window shares with those before it, as `end_date` may not be included.

    It is the oldest day that was read. If nothing was posted on it, and the walk is so long that learning whether
    `end_date` is included costs fewer requests than not to know it, it is the oldest day that has videos.
    """
    start, oldest = position.start, position.oldest
    if position.inclusive is None and oldest is not None and start < oldest < start + _WINDOW:
        unknown = _windows(position.first, start - _DAY, _EXCLUSIVE)
        learned = 1 + _windows(position.first, oldest - _WINDOW - _DAY, _INCLUSIVE)
        if learned < unknown:
            return oldest
    return start


def _windows(first: date, last: date, days: int) -> int:
    """Return how many windows of *days* days the days from *first* to *last* need, both included."""
    return max(0, -(-((last - first).days + 1) // days))


def _key(body: Mapping[str, Any], first: date, last: date, *, is_random: bool) -> str:
    whole = orjson.dumps([body, first, last, is_random], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(whole).hexdigest()[:16]


def _digits(day: date) -> str:
    return day.isoformat().replace("-", "")
