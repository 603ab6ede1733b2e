"""Videos in a table of PostgreSQL: one row a video, however often it is written."""

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
# Sorted, so that two writers of one account do not wait for each other.
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

    The table has a column for each field of `Video`, `open_id`, and `gone`, which is true for a video that is listed
    no longer. Durations are seconds. Any number of processes may write; a page is committed when `write` returns. The
    schema may hold tokens and checkpoints too.

    Args:
        url: `postgresql://`, as libpq reads it; `?schema=NAME` and `?pool_size=NUMBER` are ours.
        pool: Instead of *url*: a pool of psycopg's, which is open and stays yours to close.
        schema: Where the tables are, `tiktok` if nothing else is said.

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
        """Write the videos of *page*, and mark those that are gone. A `handler` for `sync_account`.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        await self.upsert(page.account.open_id, page.videos, page.gone)

    async def upsert(self, open_id: str, videos: Iterable[Video], gone: Iterable[str] = ()) -> None:
        """Write *videos* of an account, and mark those in *gone*, in one transaction.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        # The last of two with one id, as if they had been written one after the other.
        rows = list({video.id: [_cell(name, video) for name in _COLUMNS] for video in videos}.values())
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _COLUMNS]
        name, ended, written = to_text(open_id), [to_text(video_id) for video_id in gone], columns[0]
        # A statement sees what was there before it: a video that is written and gone at once is written and gone.
        await self._link.run(_WRITE, (name, *columns, name, ended, written))
        if both := sorted(set(ended) & set(written)):
            await self._link.run(_WRITE, (name, *([] for _ in _COLUMNS), name, both, []))

    async def covers(self, open_id: str) -> list[Video]:
        """Return the listed videos of an account with nothing but their covers, for `refresh_covers`.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        rows = await self._link.run(_COVERS, (to_text(open_id),))
        return [Video(id=from_text(video_id), cover_image_url=cover) for video_id, cover in rows]

    async def set_cover(self, open_id: str, video: Video) -> None:
        """Write the cover of *video* and nothing else of it.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        await self._link.run(_COVER, (video.cover_image_url, to_text(open_id), to_text(video.id)))

    async def counts(self) -> tuple[int, int]:
        """Return how many accounts have rows here, and how many videos are listed.

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
    # A description may hold any letter; PostgreSQL's text all but one.
    return to_text(value) if isinstance(value, str) else value
