"""Videos in a table of PostgreSQL: one row for each video, also if it is written several times."""

from collections.abc import Iterable
from typing import Any, Self

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.models import Video, VideoField
from tiktok_async_stores._videos import VideoPage
from tiktok_async_stores.postgres.connection import Pool
from tiktok_async_stores.postgres.link import PostgresLink, from_text, to_text

_TYPES = {
    "create_time": "timestamptz",
    "duration": "double precision",
    **dict.fromkeys(("height", "width", "like_count", "comment_count", "share_count", "view_count"), "bigint"),
}
_COLUMNS = [str(name) for name in VideoField]
# Sorted, so two writers of one account cannot deadlock.
_WRITE = f"""
WITH written AS (
    INSERT INTO {{schema}}.videos (open_id, {", ".join(_COLUMNS)})
    SELECT %s, {", ".join(_COLUMNS)}
    FROM unnest({", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in _COLUMNS)}) AS each ({", ".join(_COLUMNS)})
    ORDER BY id
    ON CONFLICT (open_id, id) DO UPDATE
    SET gone = false, {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "id")}
)
UPDATE {{schema}}.videos SET gone = true WHERE open_id = %s AND id = ANY (%s::text[]) AND id <> ALL (%s::text[])
"""  # noqa: S608 - made of constants
_COVERS = "SELECT id, cover_image_url FROM {schema}.videos WHERE open_id = %s AND NOT gone"
_COVER = "UPDATE {schema}.videos SET cover_image_url = %s WHERE open_id = %s AND id = %s"
_COUNTS = "SELECT count(DISTINCT open_id), count(*) FROM {schema}.videos WHERE NOT gone"


class PostgresVideoTable:
    """One table `videos` for the handler of a sync: a page that is written twice leaves the same rows.

    The table has a column for each field of `Video`, `open_id`, and `gone`, which is true for a video that is not
    listed any more. Durations are seconds. Any number of processes may write; a page is committed when `write` returns.
    The schema may hold tokens and checkpoints too.

    Args:
        url: `postgresql://`, as libpq reads it; this library adds `?schema=NAME` and `?pool_size=NUMBER`.
        pool: Instead of *url*: an open pool of psycopg, which you close yourself.
        schema: The schema of the tables; the default is `tiktok`.

    Raises:
        ConfigurationError: Not exactly one of *url* and *pool* was given, or one of the arguments cannot be used.

    Example:
        >>> async def sync(session, checkpoints):
        ...     async with PostgresVideoTable("postgresql://localhost/app") as table:
        ...         await sync_account(session, "open-id", table.write, checkpoints)
    """

    def __init__(self, url: str | None = None, *, pool: Pool | None = None, schema: str | None = None) -> None:
        self._link = PostgresLink(url, pool, schema, SystemClock(), owner=type(self).__name__)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def write(self, page: VideoPage) -> None:
        """Write the videos of *page*, and mark those that are not listed any more. A `handler` for `sync_account`.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        await self.upsert(page.account.open_id, page.videos, page.gone)

    async def upsert(self, open_id: str, videos: Iterable[Video], gone: Iterable[str] = ()) -> None:
        """Write *videos* of an account, and mark those in *gone*, in one transaction.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        # Of two with the same id the last one, as if they were written one after the other.
        rows = list({video.id: [_cell(name, video) for name in _COLUMNS] for video in videos}.values())
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _COLUMNS]
        name, ended, written = to_text(open_id), [to_text(video_id) for video_id in gone], columns[0]
        # A statement sees only the rows before it, so a video in both lists is marked by a second statement.
        await self._link.run(_WRITE, (name, *columns, name, ended, written))
        if both := sorted(set(ended) & set(written)):
            await self._link.run(_WRITE, (name, *([] for _ in _COLUMNS), name, both, []))

    async def covers(self, open_id: str) -> list[Video]:
        """Return the listed videos of an account with only their covers, for `refresh_covers`.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        rows = await self._link.run(_COVERS, (to_text(open_id),))
        return [Video(id=from_text(video_id), cover_image_url=cover) for video_id, cover in rows]

    async def set_cover(self, open_id: str, video: Video) -> None:
        """Write only the cover of *video*.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        await self._link.run(_COVER, (video.cover_image_url, to_text(open_id), to_text(video.id)))

    async def counts(self) -> tuple[int, int]:
        """Return the number of accounts with rows, and the number of listed videos.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        ((accounts, videos),) = await self._link.run(_COUNTS)
        return accounts, videos

    async def aclose(self) -> None:
        """Close the pool, if it is this table's. Harmless when repeated."""
        await self._link.aclose()


def _cell(name: str, video: Video) -> object:
    value = getattr(video, name)
    if name == "duration":
        return None if value is None else value.total_seconds()
    # A description may contain any character. PostgreSQL's text may contain all but NUL.
    return to_text(value) if isinstance(value, str) else value
