"""Checkpoints in a SQLite file, shared by the processes of one machine."""

import os
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from attrs import evolve

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async.errors import CheckpointConflict
from tiktok_async.models import AccountKey, Checkpoint, DueAccount
from tiktok_async_stores._url import absolute, file_path
from tiktok_async_stores.codec.checkpoints import decode_checkpoint, encode_checkpoint, from_microseconds
from tiktok_async_stores.codec.records import mark, unmark
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.sqlite.leases import SQLiteLeases, changes
from tiktok_async_stores.sqlite.worker import SQLiteWorker

_APP = "(SELECT id FROM apps WHERE client_key = ?)"
_WHERE = f"app = {_APP} AND open_id = ?"
_GET = f"SELECT version, due_at, round, body FROM checkpoints WHERE {_WHERE}"  # noqa: S608 - made of constants
_VERSION = f"SELECT version FROM checkpoints WHERE {_WHERE}"  # noqa: S608 - made of constants
_DELETE = f"DELETE FROM checkpoints WHERE {_WHERE}"  # noqa: S608 - made of constants
_INSERT = f"INSERT OR %s INTO checkpoints VALUES ({_APP}, ?, ?, ?, ?, ?)"  # noqa: S608 - made of constants
_DUE = f"SELECT open_id, round FROM checkpoints WHERE app = {_APP} AND due_at < ? ORDER BY due_at LIMIT ?"  # noqa: S608 - made of constants
_PUT_OFF = f"UPDATE checkpoints SET due_at = ? WHERE {_WHERE}"  # noqa: S608 - made of constants


class SQLiteCheckpointStore(SQLiteLeases):
    """A `CheckpointStore` in one file, for any number of processes of one machine; it may be the tokens' own file.

    A `put` returns when the checkpoint is on disk; concurrent puts share one commit. Leases end by the monotonic clock,
    which the processes of one machine share.

    Args:
        path: The file, or `:memory:` for one that lasts as long as this object. A relative path starts at the present
            working directory.
        clock: The time for the leases; the default is the real one.

    Example:
        >>> checkpoints = SQLiteCheckpointStore("sync.db")
    """

    _leases = "checkpoint_leases"

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._worker = SQLiteWorker(absolute(path), self._clock, None)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None) -> "SQLiteCheckpointStore":
        """Return a store for `sqlite:///relative.db`, `sqlite:////absolute.db` or `sqlite:///:memory:`.

        Raises:
            ConfigurationError: *url* names no file, or has further parts.
        """
        return cls(file_path(url), clock=clock)

    async def get(self, key: AccountKey) -> Checkpoint | None:
        """Return the checkpoint of *key*, or `None`.

        Raises:
            StoreError: The file cannot be read, or the record in it.
        """
        rows = await self._worker.read(partial(_rows, sql=_GET, parameters=(key.client_key, key.open_id)))
        if not rows:
            return None
        version, due, number, body = rows[0]
        return decode_checkpoint(
            unmark(body, key), key=key, due_at=from_microseconds(due), number=number, version=version
        )

    async def put(self, checkpoint: Checkpoint, *, expected_version: int) -> Checkpoint:
        """Store *checkpoint* by compare-and-set; it is on disk when this returns.

        Raises:
            CheckpointConflict: Another version is stored.
            StoreError: The file cannot be written.
        """
        row = (expected_version + 1, *_row(checkpoint))
        await self._worker.write(partial(_put, key=checkpoint.key, row=row, expected=expected_version))
        return evolve(checkpoint, version=expected_version + 1)

    async def add(self, checkpoints: Sequence[Checkpoint]) -> int:
        """Store those whose accounts have none yet. Returns how many.

        Raises:
            StoreError: The file cannot be written.
        """
        rows = [(each.key.client_key, each.key.open_id, 1, *_row(each)) for each in checkpoints]
        return await self._worker.write(partial(_add, rows=rows)) if rows else 0

    async def take_due(self, client_key: str, *, before: datetime, until: datetime, limit: int) -> Sequence[DueAccount]:
        """Return accounts that are due, the longest overdue first, and make them due again at *until*.

        Raises:
            StoreError: The file cannot be written.
        """
        times = (to_microseconds(before), to_microseconds(until))
        rows = await self._worker.write(partial(_take, client_key=client_key, times=times, limit=limit))
        return tuple(DueAccount(open_id=open_id, checkpoint_id=str(number)) for open_id, number in rows)

    async def delete(self, key: AccountKey) -> bool:
        """Delete the checkpoint of *key*. Returns whether there was one.

        Raises:
            StoreError: The file cannot be written.
        """
        return await self._worker.write(partial(changes, sql=_DELETE, parameters=(key.client_key, key.open_id))) > 0

    async def aclose(self) -> None:
        """Finish the running writes and close the file. Harmless when repeated."""
        await self._worker.aclose()

    def __repr__(self) -> str:
        return f"<SQLiteCheckpointStore {self._worker.path}>"


def _row(checkpoint: Checkpoint) -> tuple[int, int, bytes]:
    return to_microseconds(checkpoint.due_at), checkpoint.round, mark(encode_checkpoint(checkpoint), checkpoint.key)


def _rows(connection: sqlite3.Connection, *, sql: str, parameters: tuple[Any, ...]) -> list[Any]:
    return connection.execute(sql, parameters).fetchall()


def _put(connection: sqlite3.Connection, *, key: AccountKey, row: tuple[int, int, int, bytes], expected: int) -> None:
    found = _rows(connection, sql=_VERSION, parameters=(key.client_key, key.open_id))
    actual = int(found[0][0]) if found else 0
    if actual != expected:
        raise CheckpointConflict(key.open_id, expected_version=expected or None, actual_version=actual or None)
    connection.execute("INSERT OR IGNORE INTO apps (client_key) VALUES (?)", (key.client_key,))
    connection.execute(_INSERT % "REPLACE", (key.client_key, key.open_id, *row))


def _add(connection: sqlite3.Connection, *, rows: list[tuple[Any, ...]]) -> int:
    connection.execute("INSERT OR IGNORE INTO apps (client_key) VALUES (?)", rows[0][:1])
    return connection.executemany(_INSERT % "IGNORE", rows).rowcount


def _take(
    connection: sqlite3.Connection, *, client_key: str, times: tuple[int, int], limit: int
) -> list[tuple[str, int]]:
    before, until = times
    rows = _rows(connection, sql=_DUE, parameters=(client_key, before, limit))
    connection.executemany(_PUT_OFF, [(until, client_key, open_id) for open_id, _ in rows])
    return rows
