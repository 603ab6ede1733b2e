"""Notes in the store's SQLite file."""

import sqlite3
from datetime import timedelta
from functools import partial

from tiktok_async.abc import Clock
from tiktok_async.models import AccountKey
from tiktok_async_stores.codec.records import mark, unmark
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.sqlite.worker import SQLiteWorker

__all__ = ["SQLiteNotes"]

_WHERE = "client_key = ? AND open_id = ? AND name = ?"
_GET = f"SELECT value FROM notes WHERE {_WHERE} AND until > ?"  # noqa: S608 - made of constants
_DELETE = f"DELETE FROM notes WHERE {_WHERE} AND until > ?"  # noqa: S608 - made of constants


class SQLiteNotes:
    """Notes shared by the processes that use the file.

    Args:
        worker: The file.
        clock: Tells when a note ends; each process uses its own.
    """

    def __init__(self, worker: SQLiteWorker, clock: Clock) -> None:
        self._worker = worker
        self._clock = clock

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note, or `None`."""
        value = await self._worker.read(partial(_get, place=self._place(key, name)))
        return None if value is None else unmark(value, key)

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store a note, on disk when this returns. Returns whether it was stored."""
        until = to_microseconds(self._clock.now() + ttl)
        place = self._place(key, name)
        return await self._worker.write(
            partial(_put, place=place, until=until, value=mark(value, key), only_if_absent=only_if_absent)
        )

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one."""
        return await self._worker.write(partial(_delete, place=self._place(key, name)))

    def _place(self, key: AccountKey, name: str) -> tuple[str, str, str, int]:
        return key.client_key, key.open_id, name, to_microseconds(self._clock.now())


def _get(connection: sqlite3.Connection, *, place: tuple[str, str, str, int]) -> bytes | None:
    rows = connection.execute(_GET, place).fetchall()
    return bytes(rows[0][0]) if rows else None


def _put(
    connection: sqlite3.Connection,
    *,
    place: tuple[str, str, str, int],
    until: int,
    value: bytes,
    only_if_absent: bool,
) -> bool:
    if only_if_absent and _get(connection, place=place) is not None:
        return False
    connection.execute("DELETE FROM notes WHERE until <= ?", place[3:])
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?)", (*place[:3], until, value))
    return True


def _delete(connection: sqlite3.Connection, *, place: tuple[str, str, str, int]) -> bool:
    return connection.execute(_DELETE, place).rowcount > 0
