"""Comments, replies and playlists of the Research API.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-video-comments
https://developers.tiktok.com/doc/research-api-specs-query-playlist-info
"""

from typing import Any, Final

from attrs import asdict

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef
from tiktok_async.emulator.research.endpoints import PAGE, Research
from tiktok_async.models import Endpoint

_DEFAULT: Final = 10
_COMMENT_FIELDS: Final = (
    "id",
    "video_id",
    "text",
    "like_count",
    "reply_count",
    "parent_comment_id",
    "create_time",
    "display_name",
)
_PLAYLIST_FIELDS: Final = (
    "playlist_id",
    "playlist_name",
    "playlist_item_total",
    "playlist_last_updated",
    "playlist_video_ids",
)
_PLACES: Final = range(2**63)


class ResearchThreads:
    """The comment and playlist endpoints of the Research area."""

    def __init__(self, research: Research) -> None:
        self._research = research

    def routes(self) -> list[RouteDef]:
        """Return the routes of this module."""
        return [
            self._research.route(Endpoint.RESEARCH_COMMENT_LIST, self._comments),
            self._research.route(Endpoint.RESEARCH_PLAYLIST_INFO, self._playlist),
        ]

    async def _comments(self, call: Call) -> Reply:
        body = self._research.asked(call)
        fields = self._research.fields(call, _COMMENT_FIELDS)
        video_id, comment_id = _body.integer(body, "video_id"), _body.integer(body, "comment_id")
        if (video_id is None) == (comment_id is None):
            raise BadField("exactly one of `video_id` and `comment_id` is needed")
        data = self._research.data
        if video_id is not None:
            video = data.by_id.get(video_id)
            if video is None:
                raise BadField(f"{video_id} is invalid: cannot find the video")
            rows = data.comments(video)[: self._research.quirks.comments_stop]
        else:
            comment = data.comment(comment_id or 0)
            if comment is None:
                raise BadField(f"{comment_id} is invalid: cannot find the comment")
            rows = data.replies(comment)
        start, count = self._page(body)
        page = [asdict(row) for row in rows[start : start + count]]
        return self._research.state.replies.ok(
            {
                "comments": [{name: row[name] for name in fields if name in row} for row in page],
                "cursor": start + len(page),
                "has_more": start + count < len(rows),
            }
        )

    async def _playlist(self, call: Call) -> Reply:
        body = self._research.asked(call)
        self._research.fields(call, _PLAYLIST_FIELDS)
        playlist_id = _body.integer(body, "playlist_id", required=True)
        rows = [video for video in self._research.data.all if video.playlist_id == playlist_id]
        if not rows:
            raise BadField(f"{playlist_id} is invalid: cannot find the playlist")
        start, count = self._page(body)
        page = rows[start : start + count]
        data: dict[str, Any] = {
            "playlist_id": playlist_id,
            "playlist_name": f"emu list {playlist_id}",
            "playlist_item_total": len(rows),
            "playlist_last_updated": rows[0].create_time,
            "playlist_video_ids": [video.id for video in page],
            "cursor": start + len(page),
            "has_more": start + count < len(rows),
        }
        reply = self._research.state.replies.ok(data, message="ok")
        return Reply(500, reply.body) if self._research.quirks.playlist_fails else reply

    @staticmethod
    def _page(body: dict[str, Any]) -> tuple[int, int]:
        count = _body.integer(body, "max_count", within=PAGE) or _DEFAULT
        return _body.integer(body, "cursor", within=_PLACES) or 0, count
