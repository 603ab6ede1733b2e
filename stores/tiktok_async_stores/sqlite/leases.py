"""Leases in a SQLite file, for every store that keeps records of accounts there."""

import sqlite3
from datetime import timedelta
from functools import partial
from typing import ClassVar, NamedTuple

from tiktok_async.abc import Clock
from tiktok_async.models import AccountKey
from tiktok_async_stores._lease import HoldsLeases
from tiktok_async_stores.sqlite.clocks import Now, read_clocks
from tiktok_async_stores.sqlite.worker import SQLiteWorker

_WHOSE = "client_key = ? AND open_id = ?"


class SQLiteLeases(HoldsLeases):
    """The leases of a store. They end by the monotonic clock, which all processes of a machine share since its start.

    The wall clock may be set: a lease that was taken while it was a day ahead would block its account for a day. The
    end by the monotonic clock and the lease's length follow the owner's name. A lease that seems to last longer than
    its length was taken before the machine's last start. `until` is the end by the wall clock, for processes that still
    run an older release of this library.

    Attributes:
        _leases: The table of the leases. Two stores in one file have one each.
        _worker: The connection.
        _clock: The clock by which they end.
    """

    _leases: ClassVar[str]
    _worker: SQLiteWorker
    _clock: Clock

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free."""
        return await self._worker.write(
            partial(_acquire, table=self._leases, key=key, taken=_Taken(owner, ttl), clock=self._clock)
        )

    async def renew_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> bool:
        """Renew the lease if *owner* still holds it."""
        return await self._worker.write(
            partial(_renew, table=self._leases, key=key, taken=_Taken(owner, ttl), clock=self._clock)
        )

    async def release_lease(self, key: AccountKey, owner: str) -> None:
        """Release the lease if *owner* still holds it."""
        await self._worker.write(partial(_release, table=self._leases, key=key, owner=owner))


class _Taken(NamedTuple):
    """A request for a lease: its owner, and for how long."""

    owner: str
    ttl: timedelta


class _Row(NamedTuple):
    """A lease as it is stored."""

    owner: str
    until: int

    @property
    def name(self) -> str:
        return self.owner.partition(" ")[0]

    def lasts(self, now: Now) -> bool:
        _, *times = self.owner.split(" ")
        if len(times) == 2:  # noqa: PLR2004 - its end and its length
            return 0 < int(times[0]) - now.steady <= int(times[1])
        return self.until > now.wall


def _find(connection: sqlite3.Connection, table: str, key: AccountKey) -> _Row | None:
    sql = f"SELECT owner, until FROM {table} WHERE {_WHOSE}"  # noqa: S608 - made of constants
    rows = connection.execute(sql, (key.client_key, key.open_id)).fetchall()
    return _Row(*rows[0]) if rows else None


def _store(connection: sqlite3.Connection, table: str, key: AccountKey, taken: _Taken, now: Now) -> None:
    ttl = taken.ttl // timedelta(microseconds=1)
    row = (key.client_key, key.open_id, f"{taken.owner} {now.steady + ttl} {ttl}", now.wall + ttl)
    connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)", row)  # noqa: S608 - made of constants


def _acquire(connection: sqlite3.Connection, *, table: str, key: AccountKey, taken: _Taken, clock: Clock) -> int | None:
    now = read_clocks(clock)
    held = _find(connection, table, key)
    if held is not None and held.lasts(now):
        return None
    _store(connection, table, key, taken, now)
    connection.execute("UPDATE fence SET last = last + 1")
    return int(connection.execute("SELECT last FROM fence").fetchall()[0][0])


def _renew(connection: sqlite3.Connection, *, table: str, key: AccountKey, taken: _Taken, clock: Clock) -> bool:
    now = read_clocks(clock)
    held = _find(connection, table, key)
    if held is None or held.name != taken.owner or not held.lasts(now):
        return False
    _store(connection, table, key, taken, now)
    return True


def _release(connection: sqlite3.Connection, *, table: str, key: AccountKey, owner: str) -> None:
    held = _find(connection, table, key)
    if held is not None and held.name == owner:
        connection.execute(f"DELETE FROM {table} WHERE {_WHOSE}", (key.client_key, key.open_id))  # noqa: S608 - made of constants


def changes(connection: sqlite3.Connection, *, sql: str, parameters: tuple[object, ...]) -> int:
    """Run *sql* and return how many rows it changed."""
    return connection.execute(sql, parameters).rowcount
