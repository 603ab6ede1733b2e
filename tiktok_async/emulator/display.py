"""User info, video list and video query.

Sources: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
https://developers.tiktok.com/doc/tiktok-api-v2-video-list
https://developers.tiktok.com/doc/tiktok-api-v2-video-query
"""

from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from tiktok_async.emulator.engine import drawings
from tiktok_async.emulator.engine import videos as _videos
from tiktok_async.emulator.engine.pictures import JPEG, PATH, cover_url
from tiktok_async.emulator.engine.replies import TEXT, Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef, route
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import FIELD_SCOPES, EmulatedUser
from tiktok_async.emulator.engine.videos import Videos, posted_at
from tiktok_async.models import Endpoint, Scope

_DEFAULT_PAGE = 10
_LONGEST_PAGE = 20
_MOST_IDS = 20
_INT64 = 1 << 63


def routes(state: State) -> list[RouteDef]:
    """Return the routes of the Display API."""
    display = _Display(state)
    return [
        route(Endpoint.USER_INFO, display.user_info),
        route(Endpoint.VIDEO_LIST, display.video_list, scopes=(Scope.VIDEO_LIST,)),
        route(Endpoint.VIDEO_QUERY, display.video_query, scopes=(Scope.VIDEO_LIST,)),
        RouteDef(endpoint="pictures", method="GET", path=PATH, handler=display.picture, prefix=True, hidden=True),
    ]


class _Display:
    def __init__(self, state: State) -> None:
        self._state = state
        self._replies = state.replies

    async def user_info(self, call: Call) -> Reply:
        fields = self._fields(call, frozenset(FIELD_SCOPES), required=self._state.quirks.fields_required)
        if isinstance(fields, Reply):
            return fields
        scopes = call.user_grant.scopes
        if not fields:
            fields = tuple(name for name, scope in FIELD_SCOPES.items() if scope == Scope.USER_INFO_BASIC)
        lacking = sorted({str(FIELD_SCOPES[name]) for name in fields} - scopes)
        if lacking:
            # The scope migration guide says 401, the error table 400.
            if self._state.quirks.missing_scope_style == "400":
                text = f"Additional scopes are required for the requested fields: {', '.join(lacking)}"
                return self._replies.error("scope_permission_missed", text)
            text = "The user did not authorize the scope required for completing this request."
            return self._replies.error("scope_not_authorized", text)
        info = self._user(call).info(self._state.url)
        omit = self._state.quirks.absent_values == "omitted"
        return self._replies.ok({"user": {name: info[name] for name in fields if not (omit and info[name] is None)}})

    async def video_list(self, call: Call) -> Reply:
        body = call.json()
        fields = self._fields(call, _videos.FIELDS)
        if isinstance(fields, Reply):
            return fields
        cursor, count = body.get("cursor"), body.get("max_count", _DEFAULT_PAGE)
        if cursor is not None and not _whole(cursor, 0, _INT64 - 1):
            return self._replies.error("invalid_params", "cursor must be a Unix timestamp in milliseconds")
        if not _whole(count, 1, _LONGEST_PAGE):
            return self._replies.error("invalid_params", f"max_count must be from 1 to {_LONGEST_PAGE}")
        # Cursor 0 also means the first page; no video is older than that.
        cursor = cursor or None
        videos = self._user(call).videos
        if self._state.quirks.short_pages:
            page, has_more, after = _short_page(videos, cursor, count)
        else:
            page, has_more = videos.page(cursor, count)
            after = posted_at(page[-1]) * 1000 if page else cursor or 0
        data: dict[str, Any] = {"videos": self._rows(videos, page, fields), "cursor": after, "has_more": has_more}
        if self._state.quirks.cursor_stands_still:
            data |= {"cursor": cursor or 0, "has_more": True}
        elif not has_more and self._state.quirks.end_cursor == "zero":
            data["cursor"] = 0
        elif not has_more and self._state.quirks.end_cursor == "omitted":
            del data["cursor"]
        return self._replies.ok(data)

    async def video_query(self, call: Call) -> Reply:
        body = call.json()
        fields = self._fields(call, _videos.FIELDS)
        if isinstance(fields, Reply):
            return fields
        filters = body.get("filters")
        ids: Any = filters.get("video_ids") if isinstance(filters, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
        if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):  # pyright: ignore[reportUnknownVariableType] - JSON
            return self._replies.error("invalid_params", "filters.video_ids must be a list of strings")
        if len(ids) > _MOST_IDS:  # pyright: ignore[reportUnknownArgumentType] - JSON
            return self._replies.error("invalid_params", f"filters.video_ids may hold {_MOST_IDS} ids")
        videos = self._user(call).videos
        # Videos of other users, and unknown ids, are left out of the answer.
        found = [number for one in dict.fromkeys(map(str, ids)) if (number := videos.find(one)) is not None]  # pyright: ignore[reportUnknownArgumentType] - JSON
        data: dict[str, Any] = {"videos": self._rows(videos, found, fields)}
        if self._state.quirks.query_has_cursor:
            data |= {"cursor": 0, "has_more": False}
        return self._replies.ok(data)

    async def picture(self, call: Call) -> Reply:
        """Serve an avatar or a cover until its URL expires."""
        expires = call.query.get("x-expires", "")
        if expires.isdigit() and int(expires) < self._state.clock.timestamp():
            return Reply(403, b"the signature has expired", TEXT)
        if drawings.SVG not in call.request.headers.get("Accept", ""):
            return Reply(200, JPEG, "image/jpeg")
        # The request comes from a browser, so a person will see the picture.
        named = unquote(call.request.rel_url.raw_path.removeprefix(PATH))
        number = named.partition(".")[0]
        user = self._state.users.get(named.partition("~")[0])
        if number.isascii() and number.isdigit():
            drawn = drawings.cover(int(number))
        else:
            drawn = drawings.face("" if user is None else user.display_name)
        return Reply(200, drawn, drawings.SVG, drawings.SVG_HEADERS)

    def _user(self, call: Call) -> EmulatedUser:
        return self._state.users[call.user_grant.open_id]

    def _fields(self, call: Call, known: frozenset[str], *, required: bool = True) -> tuple[str, ...] | Reply:
        fields = _split(call.query.get("fields", ""))
        if not fields and required:
            return self._replies.error("invalid_params", "The request parameter fields is required")
        unknown = [name for name in fields if name not in known]
        if unknown and self._state.quirks.unknown_fields == "error":
            return self._replies.error("invalid_params", f"Invalid fields: {', '.join(unknown)}")
        return tuple(name for name in fields if name in known) if unknown else fields

    def _rows(self, videos: Videos, numbers: list[int], fields: tuple[str, ...]) -> list[dict[str, Any]]:
        now = self._state.clock.timestamp()
        rows: list[dict[str, Any]] = []
        for number in numbers:
            row = videos.row(number)
            picked = {name: row[name] for name in fields if name in row}
            if "cover_image_url" in fields and "cover_image_url" not in row:
                picked["cover_image_url"] = cover_url(self._state.url, number, now)
            rows.append(picked)
        return rows


def _short_page(videos: Videos, cursor: int | None, count: int) -> tuple[list[int], bool, int]:
    """Return a page as after moderation: every third position gives an empty page first, other pages are short.

    The cursor of an empty page is one millisecond past a full second; this marks the next request.
    """
    start = videos.position(cursor)
    nothing_yet = cursor is None or cursor % 1000 == 0
    if start % 3 == 1 and nothing_yet and start < len(videos):
        (following, *_), _ = videos.page(cursor, 1)
        return [], True, posted_at(following) * 1000 + 1
    page, has_more = videos.page(cursor, max(1, count - start % 4))
    return page, has_more, posted_at(page[-1]) * 1000 if page else cursor or 0


@lru_cache(maxsize=256)
def _split(fields: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in fields.split(",") if name.strip()))


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
