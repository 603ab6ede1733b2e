"""`tiktok-async videos`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Header, Json, write_json, write_table
from tiktok_async.cli._session import DEFAULTS, Account, Options, opened, pick
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Video, VideoField

_COLUMNS = ("create_time", "id", "views", "likes", "comments", "shares", "duration", "title")
_AGO = re.compile(r"(\d+)([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


async def command(
    open_id: str | None = None,
    /,
    *,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = None,
    since: str | None = None,
    json: Json = False,
    header: Header = False,
    account: Account = None,
    options: Options = DEFAULTS,
) -> None:
    """List an account's public videos, newest first.

    Args:
        open_id: The account; may be left out if there is only one.
        limit: The most videos to list; all of them by default.
        since: Only videos posted since then: a day such as 2026-11-21, a time with its zone, or a span such as 36h, 7d
            or 2w back from now.
        json: Write one JSON document on a line, with every field.
        header: Write the headings in a pipe, too.
        account: The account as an option, as in every command.
        options: The session's options.
    """
    start = None if since is None else _moment(since)
    rows: list[tuple[object, ...]] = []
    async with opened(options) as (session, _):
        async for video in (await pick(session, open_id, account)).videos(since=start, limit=limit):
            if json:
                write_json({str(field): getattr(video, field) for field in VideoField})
            else:
                rows.append(_row(video))
    if not json:
        write_table(_COLUMNS, rows, header=header)


def _row(video: Video) -> tuple[object, ...]:
    return (
        video.create_time,
        video.id,
        video.view_count,
        video.like_count,
        video.comment_count,
        video.share_count,
        video.duration,
        video.title or video.video_description,
    )


def _moment(text: str) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return datetime.now(UTC) - int(ago[1]) * _UNITS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--since {text!r} is neither a time such as 2026-11-21 nor a span such as 7d."
        ) from None
    # A day without a zone is in UTC, as TikTok's times are.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
