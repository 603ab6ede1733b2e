"""Leases in a SQLite file, for whatever store keeps records of accounts there."""

import sqlite3
from datetime import timedelta
from functools import partial
from typing import ClassVar

from tiktok_async.abc import Clock
from tiktok_async.models import AccountKey
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.sqlite.worker import SQLiteWorker

_WHOSE = "client_key = ? AND open_id = ?"


class SQLiteLeases:
    """The leases of a store, by the wall clock, which the processes of one machine share.

    Attributes:
        _leases: The table they are in: two stores in one file have one each.
        _worker: The connection.
        _clock: The time they end by.
    """

    _leases: ClassVar[str]
    _worker: SQLiteWorker
    _clock: Clock

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free."""
        now = self._clock.now()
        times = (to_microseconds(now), to_microseconds(now + ttl))
        return await self._worker.write(partial(_acquire, table=self._leases, key=key, owner=owner, times=times))

    async def renew_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> bool:
        """Hold on to it if it is still *owner*'s."""
        now = self._clock.now()
        sql = f"UPDATE {self._leases} SET until = ? WHERE {_WHOSE} AND owner = ? AND until > ?"  # noqa: S608 - made of constants
        parameters = (to_microseconds(now + ttl), key.client_key, key.open_id, owner, to_microseconds(now))
        return await self._worker.write(partial(changes, sql=sql, parameters=parameters)) > 0

    async def release_lease(self, key: AccountKey, owner: str) -> None:
        """Free it if it is still *owner*'s."""
        sql = f"DELETE FROM {self._leases} WHERE {_WHOSE} AND owner = ?"  # noqa: S608 - made of constants
        await self._worker.write(partial(changes, sql=sql, parameters=(key.client_key, key.open_id, owner)))


def _acquire(
    connection: sqlite3.Connection, *, table: str, key: AccountKey, owner: str, times: tuple[int, int]
) -> int | None:
    names, (now, until) = (key.client_key, key.open_id), times
    held = connection.execute(f"SELECT until FROM {table} WHERE {_WHOSE}", names).fetchall()  # noqa: S608 - made of constants
    if held and held[0][0] > now:
        return None
    connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)", (*names, owner, until))  # noqa: S608 - made of constants
    connection.execute("UPDATE fence SET last = last + 1")
    return int(connection.execute("SELECT last FROM fence").fetchall()[0][0])


def changes(connection: sqlite3.Connection, *, sql: str, parameters: tuple[object, ...]) -> int:
    """Run *sql* and return how many rows it changed."""
    return connection.execute(sql, parameters).rowcount
