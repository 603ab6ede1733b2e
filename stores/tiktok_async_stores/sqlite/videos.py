"""Videos in a table of a SQLite file: one row for each video, also if it is written several times."""

import os
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.models import Video, VideoField
from tiktok_async_stores._url import absolute
from tiktok_async_stores._videos import VideoPage
from tiktok_async_stores.sqlite.worker import SQLiteWorker

_COLUMNS = [str(name) for name in VideoField]
_INTEGERS = ("create_time", "height", "width", "like_count", "comment_count", "share_count", "view_count")
_TYPES = {"duration": "REAL", **dict.fromkeys(_INTEGERS, "INTEGER")}
_TABLE = f"""
    CREATE TABLE IF NOT EXISTS videos (
        open_id TEXT NOT NULL,
        {", ".join(f"{name} {_TYPES.get(name, 'TEXT')}" for name in _COLUMNS)},
        gone INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (open_id, id)
    ) WITHOUT ROWID
"""
_UPSERT = f"""
    INSERT INTO videos (open_id, {", ".join(_COLUMNS)}) VALUES (?{", ?" * len(_COLUMNS)})
    ON CONFLICT (open_id, id) DO UPDATE SET gone = 0, {", ".join(f"{n} = excluded.{n}" for n in _COLUMNS if n != "id")}
"""  # noqa: S608 - made of constants
_GONE = "UPDATE videos SET gone = 1 WHERE open_id = ? AND id = ?"
_COVERS = "SELECT id, cover_image_url FROM videos WHERE open_id = ? AND gone = 0"
_COVER = "UPDATE videos SET cover_image_url = ? WHERE open_id = ? AND id = ?"


class SQLiteVideoTable:
    """One table `videos` for the handler of a sync: a page that is written twice leaves the same rows.

    The table has a column for each field of `Video`, `open_id`, and `gone`, which is 1 for a video that is not listed
    any more. Times are Unix seconds, durations seconds. Any number of processes of one machine may write; a page is on
    disk when `write` returns. The file may hold checkpoints too.

    Args:
        path: The file; created with mode 0600 on first use.

    Example:
        >>> async def sync(session, checkpoints):
        ...     async with SQLiteVideoTable("videos.db") as table:
        ...         await sync_account(session, "open-id", table.write, checkpoints)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._worker = SQLiteWorker(absolute(path), SystemClock(), None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def write(self, page: VideoPage) -> None:
        """Write the videos of *page*, and mark those that are not listed any more. A `handler` for `sync_account`.

        Raises:
            StoreError: The file cannot be written.
        """
        await self.upsert(page.account.open_id, page.videos, page.gone)

    async def upsert(self, open_id: str, videos: Iterable[Video], gone: Iterable[str] = ()) -> None:
        """Write *videos* of an account, and mark those in *gone*, in one transaction.

        Raises:
            StoreError: The file cannot be written.
        """
        rows = [(open_id, *(_cell(getattr(video, name)) for name in _COLUMNS)) for video in videos]
        ended = [(open_id, video_id) for video_id in gone]
        await self._worker.write(partial(_write, rows=rows, gone=ended))

    async def covers(self, open_id: str) -> list[Video]:
        """Return the listed videos of an account with only their covers, for `refresh_covers`.

        Raises:
            StoreError: The file cannot be read.
        """
        rows = await self._worker.read(partial(_rows, sql=_COVERS, parameters=(open_id,)))
        return [Video(id=video_id, cover_image_url=cover) for video_id, cover in rows]

    async def set_cover(self, open_id: str, video: Video) -> None:
        """Write only the cover of *video*.

        Raises:
            StoreError: The file cannot be written.
        """
        job = partial(_rows, sql=_COVER, parameters=(video.cover_image_url, open_id, video.id))
        await self._worker.write(job)

    async def counts(self) -> tuple[int, int]:
        """Return the number of accounts with rows, and the number of listed videos.

        Raises:
            StoreError: The file cannot be read.
        """
        sql = "SELECT count(DISTINCT open_id), count(*) FROM videos WHERE gone = 0"
        (accounts, videos), *_ = await self._worker.read(partial(_rows, sql=sql, parameters=()))
        return accounts, videos

    async def aclose(self) -> None:
        """Finish what is being written and close the file. Harmless when repeated."""
        await self._worker.aclose()


def _write(connection: sqlite3.Connection, *, rows: list[tuple[Any, ...]], gone: list[tuple[str, str]]) -> None:
    connection.execute(_TABLE)
    connection.executemany(_UPSERT, rows)
    connection.executemany(_GONE, gone)


def _rows(connection: sqlite3.Connection, *, sql: str, parameters: tuple[Any, ...]) -> list[Any]:
    # Each time, since another file may have replaced this one without it; if the table exists, this is fast.
    connection.execute(_TABLE)
    return connection.execute(sql, parameters).fetchall()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return int(value.timestamp())
    return value.total_seconds() if isinstance(value, timedelta) else value
