"""The Research API's user endpoints: user info, liked, pinned and reposted videos, followers and following.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-user-info
https://developers.tiktok.com/doc/research-api-specs-query-user-followers
https://developers.tiktok.com/doc/research-api-specs-query-user-liked-videos
"""

import random
from collections.abc import Sequence
from typing import Any, Final

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef
from tiktok_async.emulator.research.data import Video
from tiktok_async.emulator.research.endpoints import PAGE, Research
from tiktok_async.emulator.research.wire import VIDEO_FIELDS
from tiktok_async.models import Endpoint

_DEFAULT: Final = 20
_PINNED: Final = 3
_TIMES: Final = range(2**53)
_USER_FIELDS: Final = (
    "display_name",
    "bio_description",
    "avatar_url",
    "is_verified",
    "follower_count",
    "following_count",
    "likes_count",
    "video_count",
    "bio_url",
)
# The pages of these endpoints have two spellings of the favorites count, and lack three fields of the video query.
_SIBLING_FIELDS: Final = (
    *(name for name in VIDEO_FIELDS if name not in ("effect_ids", "playlist_id", "voice_to_text")),
    "favourites_count",
)
# The likes and follows of every fifth user are private.
_PRIVATE_EVERY: Final = 5
_MOST_FOLLOWED: Final = 6_000


class ResearchUsers:
    """The user endpoints of the Research area."""

    def __init__(self, research: Research) -> None:
        self._research = research

    def routes(self) -> list[RouteDef]:
        """Return the routes of this module."""
        make = self._research.route
        return [
            make(Endpoint.RESEARCH_USER_INFO, self._info),
            make(Endpoint.RESEARCH_LIKED_VIDEOS, self._liked),
            make(Endpoint.RESEARCH_PINNED_VIDEOS, self._pinned),
            make(Endpoint.RESEARCH_REPOSTED_VIDEOS, self._reposted),
            make(Endpoint.RESEARCH_FOLLOWERS, self._followers, graph=True),
            make(Endpoint.RESEARCH_FOLLOWING, self._following, graph=True),
        ]

    async def _info(self, call: Call) -> Reply:
        name, number = self._user(call)
        fields = self._research.fields(call, _USER_FIELDS)
        videos = self._research.data.by_user[name]
        info: dict[str, Any] = {
            "display_name": f"Emu User {number}",
            "bio_description": "bio" if number % 3 else "",
            "avatar_url": f"https://cdn.example/avatar/{name}",
            "is_verified": number == 0,
            "follower_count": self._follower_count(number),
            "following_count": number % 40 + 1,
            "likes_count": sum(video.like_count for video in videos),
            "video_count": len(videos),
            "bio_url": f"https://example.com/{name}",
        }
        # The guide's sample returns the username; the reference does not list it.
        return self._ok({"username": name, **{field: info[field] for field in fields if field in info}})

    async def _liked(self, call: Call) -> Reply:
        name, number = self._user(call)
        self._check_open(name, number)
        unit = 1_000 if self._research.quirks.liked_cursor == "ms" else 1
        likes = self._moments(f"likes {name}", len(self._some_videos("likes", name)))
        pairs = list(zip(likes, self._some_videos("likes", name), strict=True))
        before = self._before(call)
        rows = [(moment, video) for moment, video in pairs if before is None or moment * unit <= before]
        count = self._count(call)
        data: dict[str, Any] = {
            "user_liked_videos": self._videos(call, [video for _, video in rows[:count]]),
            "has_more": len(rows) > count,
        }
        if rows:
            data["cursor"] = rows[count if len(rows) > count else -1][0] * unit
        return self._ok(data)

    async def _pinned(self, call: Call) -> Reply:
        name, _ = self._user(call)
        return self._ok({"pinned_videos_list": self._videos(call, self._research.data.by_user[name][:_PINNED])})

    async def _reposted(self, call: Call) -> Reply:
        name, _ = self._user(call)
        rows = self._some_videos("reposts", name)
        start, count = _body.integer(self._research.asked(call), "cursor", within=_TIMES) or 0, self._count(call)
        page = rows[start : start + count]
        return self._ok(
            {
                self._research.quirks.reposted_key: self._videos(call, page),
                "cursor": start + len(page),
                "has_more": start + count < len(rows),
            }
        )

    async def _followers(self, call: Call) -> Reply:
        name, number = self._user(call)
        reachable = min(self._follower_count(number), self._research.quirks.followers_stop)
        return self._relations(call, f"followers {name}", reachable, "user_followers")

    async def _following(self, call: Call) -> Reply:
        name, number = self._user(call)
        self._check_open(name, number)
        return self._relations(call, f"following {name}", number % 40 + 1, "user_following")

    def _relations(self, call: Call, what: str, many: int, key: str) -> Reply:
        before = self._before(call)
        count = self._count(call)
        moments = self._moments(what, many)
        rows = [index for index, moment in enumerate(moments) if before is None or moment <= before]
        page = rows[:count]
        data: dict[str, Any] = {
            key: [{"username": f"emu_f{index}", "display_name": f"F {index}"} for index in page],
            "has_more": len(rows) > count,
        }
        if rows:
            data["cursor"] = moments[rows[count if len(rows) > count else -1]]
        return self._ok(data)

    def _before(self, call: Call) -> int | None:
        """Return the time before which the page begins; `None` is the beginning, as 0 is in live replies."""
        cursor = _body.integer(self._research.asked(call), "cursor", within=_TIMES)
        return None if cursor == 0 and self._research.quirks.zero_cursor == "beginning" else cursor

    def _ok(self, data: dict[str, Any]) -> Reply:
        return self._research.state.replies.ok(data, message="ok")

    def _count(self, call: Call) -> int:
        return _body.integer(call.json(), "max_count", within=PAGE) or _DEFAULT

    def _videos(self, call: Call, videos: Sequence[Video]) -> list[dict[str, Any]]:
        fields = self._research.fields(call, _SIBLING_FIELDS)
        rows = [self._research.video(video, fields, sibling=True) for video in videos]
        if "favourites_count" in fields:
            for row, video in zip(rows, videos, strict=True):
                row[self._research.quirks.favorites_key] = video.favorites_count
        return rows

    def _user(self, call: Call) -> tuple[str, int]:
        """Return the name and number of the requested user.

        Raises:
            BadField: There is no such user.
        """
        name = _body.string(call.json(), "username", required=True) or ""
        if name not in self._research.data.by_user:
            raise BadField(f"{name} is invalid: cannot find the user")
        return name, int(name.rpartition("_")[2])

    @staticmethod
    def _check_open(name: str, number: int) -> None:
        if number % _PRIVATE_EVERY == _PRIVATE_EVERY - 1:
            raise BadField(f"{name} is private, so the information cannot be returned")

    @staticmethod
    def _follower_count(number: int) -> int:
        return _MOST_FOLLOWED if number == 0 else number * 7 % 400 + 1

    def _some_videos(self, what: str, name: str) -> list[Video]:
        rng = random.Random(f"{what} {self._research.data.seed} {name}")  # noqa: S311 - made-up likes
        return rng.sample(self._research.data.all, min(rng.randrange(150), len(self._research.data.all)))

    def _moments(self, what: str, many: int) -> list[int]:
        """Return the times of likes or follows, all different, newest first."""
        rng = random.Random(f"{what} {self._research.data.seed}")  # noqa: S311 - made-up times
        at = self._research.data.end
        moments: list[int] = []
        for _ in range(many):
            at -= rng.randrange(1, 500)
            moments.append(at)
        return moments
