"""Notes in the store's SQLite file."""

import sqlite3
from datetime import timedelta
from functools import partial

from tiktok_async.abc import Clock
from tiktok_async.models import AccountKey
from tiktok_async_stores.codec.records import mark, unmark
from tiktok_async_stores.sqlite.clocks import boot_of, read_clocks
from tiktok_async_stores.sqlite.worker import SQLiteWorker

__all__ = ["SQLiteNotes"]

# `ends` is a time of the monotonic clock of one boot; after the next start of the machine, `until` of the wall clock
# counts. A note that seems to last longer than its `ttl` was stored by a clock with another zero.
_LASTS = "CASE WHEN boot = :boot AND ends - :steady <= ttl THEN ends > :steady ELSE until > :wall END"
_WHERE = f"client_key = :client_key AND open_id = :open_id AND name = :name AND {_LASTS}"
_GET = f"SELECT value FROM notes WHERE {_WHERE}"  # noqa: S608 - made of constants
_DELETE = f"DELETE FROM notes WHERE {_WHERE}"  # noqa: S608 - made of constants
# Give the notes of earlier boots, and of older releases, their end by this boot's clock. None gets more than its `ttl`,
# however far ahead the wall clock was when it was stored. "<" and ">" use the index, "<>" would not.
_ADOPT = """
    UPDATE notes SET
        boot = :boot, ttl = min(until - :wall, ttl), ends = :steady + min(until - :wall, ttl),
        until = :wall + min(until - :wall, ttl)
    WHERE boot < :boot OR boot > :boot
"""
_SWEEP = "DELETE FROM notes WHERE boot = :boot AND ends <= :steady"
_PUT = """
    INSERT OR REPLACE INTO notes (client_key, open_id, name, until, value, boot, ends, ttl)
    VALUES (:client_key, :open_id, :name, :wall + :ttl, :value, :boot, :steady + :ttl, :ttl)
"""

_Place = dict[str, str]


class SQLiteNotes:
    """Notes shared by the processes that use the file.

    They end by the monotonic clock, since the wall clock may be set: a note that was stored while it was a day ahead
    would last a day too long. The time of a suspended machine does not count. After a restart of the machine, the end
    by the wall clock counts, until the next put gives each note its end by the monotonic clock of this start.

    Args:
        worker: The file.
        clock: Tells when a note ends; each process uses its own.
    """

    def __init__(self, worker: SQLiteWorker, clock: Clock) -> None:
        self._worker = worker
        self._clock = clock

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note, or `None`."""
        value = await self._worker.read(partial(_get, place=_place(key, name), clock=self._clock))
        return None if value is None else unmark(value, key)

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store a note, on disk when this returns. Returns whether it was stored."""
        note: dict[str, object] = {"value": mark(value, key), "ttl": ttl // timedelta(microseconds=1)}
        job = partial(_put, place=_place(key, name), note=note, clock=self._clock, only_if_absent=only_if_absent)
        return await self._worker.write(job)

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one."""
        return await self._worker.write(partial(_delete, place=_place(key, name), clock=self._clock))


def _place(key: AccountKey, name: str) -> _Place:
    return {"client_key": key.client_key, "open_id": key.open_id, "name": name}


def _times(clock: Clock) -> dict[str, object]:
    now = read_clocks(clock)
    return {"boot": boot_of(now), **now._asdict()}


def _get(connection: sqlite3.Connection, *, place: _Place, clock: Clock) -> bytes | None:
    rows = connection.execute(_GET, place | _times(clock)).fetchall()
    return bytes(rows[0][0]) if rows else None


def _put(
    connection: sqlite3.Connection, *, place: _Place, note: dict[str, object], clock: Clock, only_if_absent: bool
) -> bool:
    times = _times(clock)
    connection.execute(_ADOPT, times)
    if only_if_absent and connection.execute(_GET, place | times).fetchall():
        return False
    connection.execute(_SWEEP, times)
    connection.execute(_PUT, {**place, **note, **times})
    return True


def _delete(connection: sqlite3.Connection, *, place: _Place, clock: Clock) -> bool:
    return connection.execute(_DELETE, place | _times(clock)).rowcount > 0
