"""The profile of a user.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Iterable
from datetime import datetime
from typing import Any

import attrs

from tiktok_async._calls.sender import Sender
from tiktok_async._decoding.answers import member, read
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.abc import Clock
from tiktok_async.api.pages import Follow, Pages, StallRetries
from tiktok_async.errors import ConfigurationError, ScopeNotGranted
from tiktok_async.models import USER_FIELD_SCOPES, Endpoint, Page, Scope, Token, User, UserField, Video, VideoField
from tiktok_async.models._http import Response

# https://developers.tiktok.com/doc/tiktok-api-v2-video-list
_MOST_A_PAGE = 20
# https://developers.tiktok.com/doc/tiktok-api-v2-video-query
_MOST_IDS = 20
_ALL_FIELDS = ",".join(VideoField)


def videos(
    sender: Sender,
    credential: AccountCredential,
    *,
    clock: Clock,
    fields: Iterable[VideoField | str] | None,
    since: datetime | None,
    before: datetime | None,
    limit: int | None,
    page_size: int,
    cursor: int | None,
    read_ahead: int,
) -> Pages[Video]:
    """List the account's videos, newest first; see `Account.videos`."""
    _check(page_size, limit)
    asked, span = _asked(fields), None
    if since is not None:
        # Listing back to a moment needs the times of the videos, even if the caller did not ask for them.
        wanted = asked.split(",")
        span = _Since(since, keep_time=VideoField.CREATE_TIME in wanted)
        asked = _joined([*wanted, VideoField.CREATE_TIME])
    start = _earlier(cursor, None if before is None else round(before.timestamp() * 1000))

    def ask(position: int | None, left: int | None) -> Awaitable[Response]:
        body: dict[str, Any] = {"max_count": page_size if left is None else min(page_size, left)}
        if position is not None:
            body["cursor"] = position
        return sender.call(Endpoint.VIDEO_LIST, credential=credential, fields=asked, json=body)

    def read_page(response: Response) -> tuple[Page[Video], bool]:
        page = _page(response, Endpoint.VIDEO_LIST, credential.open_id)
        return (page, False) if span is None else (span.cut(page), span.reached(page))

    def walk() -> Follow[Video]:
        stops = StallRetries(clock, Endpoint.VIDEO_LIST, open_id=credential.open_id)
        return Follow(ask, read_page, start=start, limit=limit, stops=stops)

    return Pages(walk, read_ahead=read_ahead)


def _check(page_size: int, limit: int | None) -> None:
    if not 1 <= page_size <= _MOST_A_PAGE:
        msg = f"page_size is 1 to {_MOST_A_PAGE}, not {page_size!r}."
        raise ConfigurationError(msg)
    if limit is not None and limit < 1:
        msg = f"limit is at least 1, or None for all, not {limit!r}."
        raise ConfigurationError(msg)


def videos_by_id(
    sender: Sender,
    credential: AccountCredential,
    ids: Iterable[str] | AsyncIterable[str],
    *,
    fields: Iterable[VideoField | str] | None,
) -> Pages[Video]:
    """Look the account's videos up by id; see `Account.videos_by_id`."""
    if isinstance(ids, str):
        msg = "videos_by_id takes several ids, such as a list, not one str."
        raise ConfigurationError(msg)
    asked = _asked(fields)

    async def walk() -> AsyncGenerator[Page[Video], None]:
        async for batch in _batches(ids):
            response = await sender.call(
                Endpoint.VIDEO_QUERY, credential=credential, fields=asked, json={"filters": {"video_ids": batch}}
            )
            # If the reply has a cursor and has_more, they are about this one request.
            page = _page(response, Endpoint.VIDEO_QUERY, credential.open_id)
            yield attrs.evolve(page, cursor=None, has_more=False)

    return Pages(walk)


def _asked(fields: Iterable[VideoField | str] | None) -> str:
    """Return the `fields` parameter."""
    if fields is None:
        return _ALL_FIELDS
    wanted = list(fields)
    if not wanted:
        msg = "A listing needs at least one field; leave `fields` out for all of them."
        raise ConfigurationError(msg)
    # A video without its id could not be stored or looked up again.
    return _joined([VideoField.ID, *wanted])


def _joined(fields: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(map(str, fields)))


def _earlier(cursor: int | None, before: int | None) -> int | None:
    if cursor is None or before is None:
        return before if cursor is None else cursor
    return min(cursor, before)


def _page(response: Response, endpoint: Endpoint, open_id: str) -> Page[Video]:
    """Decode one reply, with TikTok's own cursor and `has_more`."""
    batch = read(response, response.data or {}, _VideoList, endpoint=endpoint, open_id=open_id)
    return Page(items=batch.videos, cursor=batch.cursor, has_more=batch.has_more, log_id=response.log_id)


@attrs.frozen(kw_only=True)
class _VideoList:
    videos: tuple[Video, ...] = ()
    cursor: int | None = None
    has_more: bool = False


@attrs.frozen
class _Since:
    """Ends a listing at the first video before a moment."""

    moment: datetime
    keep_time: bool = attrs.field(kw_only=True)

    def reached(self, page: Page[Video]) -> bool:
        """Whether the listing, newest first, has reached older videos."""
        last = page.items[-1].create_time if page.items else None
        return last is not None and last < self.moment

    def cut(self, page: Page[Video]) -> Page[Video]:
        """Leave the older videos out."""
        items = tuple(video for video in page.items if video.create_time is None or video.create_time >= self.moment)
        if not self.keep_time:
            items = tuple(attrs.evolve(video, create_time=None) for video in items)
        return attrs.evolve(page, items=items)


async def _batches(ids: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    if isinstance(ids, AsyncIterable):
        async for video_id in ids:
            batch.append(str(video_id))
            if len(batch) == _MOST_IDS:
                yield batch
                batch = []
    else:
        for video_id in ids:
            batch.append(str(video_id))
            if len(batch) == _MOST_IDS:
                yield batch
                batch = []
    if batch:
        yield batch


async def user_info(sender: Sender, credential: AccountCredential, fields: Iterable[UserField | str] | None) -> User:
    """Return the profile of *credential*'s account; see `Account.user_info`."""
    token = credential.usable() or await credential.obtain()
    wanted = _granted_fields(token) if fields is None else _checked(fields, token)
    response = await sender.call(Endpoint.USER_INFO, credential=credential, fields=",".join(wanted))
    return read(response, member(response, "user"), User, endpoint=Endpoint.USER_INFO, open_id=credential.open_id)


def _granted_fields(token: Token) -> list[str]:
    granted = [str(field) for field, scope in USER_FIELD_SCOPES.items() if scope in token.scopes]
    if not granted:
        raise ScopeNotGranted({Scope.USER_INFO_BASIC}, open_id=token.key.open_id, what="A profile")
    return granted


def _checked(fields: Iterable[UserField | str], token: Token) -> list[str]:
    wanted = list(dict.fromkeys(str(field) for field in fields))
    if not wanted:
        msg = "user_info needs at least one field; leave `fields` out for all that the granted scopes allow."
        raise ConfigurationError(msg)
    # A field unknown to this library may be new at TikTok, so it is requested.
    missing: set[str] = {
        scope
        for field, scope in USER_FIELD_SCOPES.items()
        if field in wanted and token.scopes and scope not in token.scopes
    }
    if missing:
        raise ScopeNotGranted(missing, open_id=token.key.open_id, what="Some of the requested fields")
    return wanted
