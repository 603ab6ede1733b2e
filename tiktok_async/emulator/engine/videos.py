"""Generated videos: the same for the same seed, made when they are first read.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-object
"""

import random
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

FIELDS = frozenset(
    {
        "id",
        "create_time",
        "cover_image_url",
        "share_url",
        "video_description",
        "duration",
        "height",
        "width",
        "title",
        "embed_html",
        "embed_link",
        "like_count",
        "comment_count",
        "share_count",
        "view_count",
    }
)
# The upper half of an id is the second of posting, as in TikTok's ids; 19 digits from 1977 on.
_SECOND = 32
_NEWEST = 1_793_491_200  # 2026-11-01, so that the same seed gives the same ids on any day
_SPACING = 9_000  # seconds between two videos; 10,000 of them cover three years
_WORDS = ("morning", "cat", "noodles", "bike", "harbour", "dance", "guitar", "snow", "market", "paint")


class Videos:
    """One user's public videos, newest first.

    Args:
        count: How many are generated.
        seed: The seed they are generated from.
        username: The username in their links.
        client_key: The client key in their links.
        newest: When the newest was posted, in Unix seconds; default: 2026-11-01.

    Example:
        >>> Videos(3, seed="a", username="emu").ids() == Videos(3, seed="a", username="emu").ids()
        True
    """

    def __init__(
        self, count: int, *, seed: str, username: str, client_key: str = "emu", newest: int | None = None
    ) -> None:
        self._count = count
        self._seed = seed
        self._username = username
        self._client_key = client_key
        self._newest = _NEWEST if newest is None else newest
        self._made: array[int] | None = None
        self._edits: dict[int, dict[str, Any]] = {}

    def __len__(self) -> int:
        return self._count if self._made is None else len(self._made)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.row(self._ids()[-1 - index] if index >= 0 else self._ids()[-1 - index - len(self)])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self.row(number) for number in reversed(self._ids()))

    def ids(self) -> list[str]:
        """Return the ids, newest first."""
        return [str(number) for number in reversed(self._ids())]

    def add(self, posted_at: datetime, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Post a video at *posted_at*; *values* replace generated fields."""
        ids = self._ids()
        number = (int(posted_at.timestamp()) << _SECOND) | random.Random(f"{self._seed}{len(ids)}").getrandbits(31)  # noqa: S311 - a made-up id
        ids.insert(bisect_left(ids, number), number)
        self._edits[number] = values
        return self.row(number)

    def publish(self, number: int, **values: Any) -> None:  # noqa: ANN401 - any JSON
        """List a post whose id is known; *values* replace generated fields."""
        ids = self._ids()
        ids.insert(bisect_left(ids, number), number)
        self._edits[number] = values

    def remove(self, video_id: str) -> None:
        """Delete a video, or make it private: it is no longer listed.

        Raises:
            ValueError: There is no such video.
        """
        self._ids().remove(int(video_id))

    def edit(self, video_id: str, **values: Any) -> None:  # noqa: ANN401 - any JSON
        """Change fields of a video, such as `like_count=7`."""
        self._edits.setdefault(int(video_id), {}).update(values)

    def page(self, before_ms: int | None, count: int) -> tuple[list[int], bool]:
        """Return up to *count* ids of videos posted before a moment, newest first, and whether more follow.

        Args:
            before_ms: The moment in Unix milliseconds; `None`: no bound.
            count: How many at most.
        """
        ids = self._ids()
        # The first id that is too new: posted in the second of the moment, or later.
        end = len(ids) if before_ms is None else bisect_left(ids, -(-before_ms // 1000) << _SECOND)
        start = max(0, end - count)
        return list(reversed(ids[start:end])), start > 0

    def position(self, before_ms: int | None) -> int:
        """Return how many videos are newer than a moment, in Unix milliseconds."""
        ids = self._ids()
        return 0 if before_ms is None else len(ids) - bisect_left(ids, -(-before_ms // 1000) << _SECOND)

    def find(self, video_id: str) -> int | None:
        """Return the id as a number if it is one of these videos."""
        if not video_id.isascii() or not video_id.isdigit():
            return None
        ids, number = self._ids(), int(video_id)
        place = bisect_left(ids, number) if number < 1 << 63 else len(ids)
        return number if place < len(ids) and ids[place] == number else None

    def row(self, number: int) -> dict[str, Any]:
        """Return all fields of a video except its cover; callers must not change the dict."""
        row = _row(number, self._username, self._client_key)
        edits = self._edits.get(number)
        return {**row, **edits} if edits else row

    def _ids(self) -> "array[int]":
        """Return all ids, oldest first, making them on the first call."""
        if self._made is None:
            rng = random.Random(self._seed)  # noqa: S311 - made-up videos
            seconds = range(self._newest - (self._count - 1) * _SPACING, self._newest + 1, _SPACING)
            # The jitter stays under the spacing, so that no two videos share a second.
            draws = (rng.getrandbits(44) for _ in seconds)
            self._made = array(
                "q",
                [
                    ((at - (draw >> 31)) << _SECOND) | (draw & 0x7FFFFFFF)
                    for at, draw in zip(seconds, draws, strict=True)
                ],
            )
        return self._made


def posted_at(number: int) -> int:
    """Return when a video was posted, Unix seconds."""
    return number >> _SECOND


@lru_cache(maxsize=16_384)
def _row(number: int, username: str, client_key: str) -> dict[str, Any]:
    draw = number & 0x7FFFFFFF
    word, other = _WORDS[draw % 10], _WORDS[draw // 10 % 10]
    source = f"utm_campaign=tt4d_open_api&utm_source={client_key}"
    share_url = f"https://www.tiktok.com/@{username}/video/{number}"
    views = draw % 900_000
    return {
        "id": str(number),
        "create_time": number >> _SECOND,
        "share_url": f"{share_url}?{source}",
        "video_description": f"{word} and {other} #{word} #{other}",
        "duration": 5 + draw % 175,
        "height": 1024,
        "width": 576,
        "title": f"{word} and {other}",
        "embed_html": f'<blockquote class="tiktok-embed" cite="{share_url}" data-video-id="{number}"></blockquote>',
        "embed_link": f"https://www.tiktok.com/static/profile-video?id={number}&hide_author=1&{source}",
        "like_count": views // 12,
        "comment_count": views // 300,
        "share_count": views // 700,
        "view_count": views,
    }
