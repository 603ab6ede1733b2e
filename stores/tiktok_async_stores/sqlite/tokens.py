"""Tokens in a SQLite file, shared by the processes of one machine."""

import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async_stores._batch import Batcher
from tiktok_async_stores._bulk import stored
from tiktok_async_stores._notes import KeepsNotes
from tiktok_async_stores._unsafe import OnUnsafe
from tiktok_async_stores._url import MEMORY, absolute, file_path
from tiktok_async_stores.codec.records import read_token, write_token
from tiktok_async_stores.codec.tokens import to_microseconds, with_version
from tiktok_async_stores.sqlite.leases import SQLiteLeases, changes
from tiktok_async_stores.sqlite.notes import SQLiteNotes
from tiktok_async_stores.sqlite.urgent import UrgentWorker
from tiktok_async_stores.sqlite.worker import SQLiteWorker

_PAGE = 200

_APP = "(SELECT id FROM apps WHERE client_key = ?)"
_GET = f"SELECT version, CAST(body AS BLOB) FROM tokens WHERE app = {_APP} AND open_id = ?"  # noqa: S608 - made of constants
_VERSION = f"SELECT version FROM tokens WHERE app = {_APP} AND open_id = ?"  # noqa: S608 - made of constants
_DELETE = f"DELETE FROM tokens WHERE app = {_APP} AND open_id = ?"  # noqa: S608 - made of constants
_UPDATE = f"""
    UPDATE tokens SET version = version + 1, active = ?, expires_at = ?, body = ?
    WHERE app = {_APP} AND open_id = ? AND version = ?
"""  # noqa: S608 - made of constants
_PUT = f"""
    INSERT INTO tokens (active, expires_at, body, app, open_id, version) VALUES (?, ?, ?, {_APP}, ?, ?)
    ON CONFLICT (app, open_id) DO UPDATE SET
        version = excluded.version, active = excluded.active, expires_at = excluded.expires_at, body = excluded.body
"""  # noqa: S608 - made of constants
_KEYS = f"SELECT open_id FROM tokens WHERE app = {_APP} AND open_id > ? ORDER BY open_id LIMIT {_PAGE}"  # noqa: S608 - made of constants
_EXPIRING = f"""
    SELECT expires_at, open_id FROM tokens
    WHERE app = {_APP} AND active = 1 AND expires_at < ? AND (expires_at, open_id) > (?, ?)
    ORDER BY expires_at, open_id LIMIT {_PAGE}
"""  # noqa: S608 - made of constants
_Row = tuple[int, bytes]
_EARLIEST = -(2**62)


class SQLiteTokenStore(SQLiteLeases, KeepsNotes):
    """A `TokenStore` in one file, for any number of processes of one machine.

    The file is created with mode 0600 on first use. A `put` returns when the token is on disk (`synchronous=FULL`);
    concurrent puts share one commit. The file cannot be on a network file system: SQLite's shared memory needs one
    machine.

    Leases and notes end by the monotonic clock, which the processes of one machine share.

    Args:
        path: The file, or `:memory:` for one that lasts as long as this object. A relative path starts at the present
            working directory.
        clock: The time for leases and notes; the default is the real one.
        on_unsafe: Called if other users of the machine may read the file.

    Example:
        >>> store = SQLiteTokenStore("tokens.db")
    """

    _leases = "leases"

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Clock | None = None, on_unsafe: OnUnsafe | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        file = absolute(path)
        self._worker = SQLiteWorker(file, self._clock, on_unsafe)
        # Two connections to `:memory:` would be two databases.
        self._urgent = self._worker if file == MEMORY else UrgentWorker(file, self._clock)
        # A call of the thread costs more than a read, so waiting reads share one.
        self._reads = Batcher[AccountKey, _Row | None](self._get_many, limit=_PAGE, owner=self._worker.owner)
        self._notes = SQLiteNotes(self._worker, self._clock)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None, on_unsafe: OnUnsafe | None = None) -> "SQLiteTokenStore":
        """Return a store for `sqlite:///relative.db`, `sqlite:////absolute.db` or `sqlite:///:memory:`.

        Raises:
            ConfigurationError: *url* names no file, or has further parts.
        """
        return cls(file_path(url), clock=clock, on_unsafe=on_unsafe)

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, or `None`.

        Raises:
            StoreError: The file cannot be read.
        """
        return _token(key, await self._reads.share(key))

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* by compare-and-set; it is on disk when this returns.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The file cannot be written.
        """
        return await self._put(self._worker, token, expected_version)

    async def put_urgent(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* as `put` does, on a separate connection: it does not wait for this store's other work.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The file cannot be written.
        """
        return await self._put(self._urgent, token, expected_version)

    async def _put(self, worker: SQLiteWorker, token: Token, expected: int | None) -> Token:
        job = partial(_put, key=token.key, row=_row(token), expected=expected)
        return with_version(token, await worker.write(job))

    async def get_many(self, keys: Sequence[AccountKey]) -> list[Token | None]:
        """Return the stored tokens of *keys*, in their order, with `None` for a missing one.

        Raises:
            StoreError: The file cannot be read.
        """
        return list(map(_token, keys, await self._get_many(keys)))

    async def put_many(self, puts: Sequence[tuple[Token, int | None]]) -> list[Token | TokenConflict]:
        """Store each token by compare-and-set with the version beside it, all in one commit.

        Returns:
            For each, in their order, the token as stored, or its conflict.

        Raises:
            StoreError: The file cannot be written.
        """
        rows = [(token.key, _row(token), expected) for token, expected in puts]
        return stored(puts, await self._worker.write(partial(_put_many, rows=rows)))

    async def delete(self, key: AccountKey) -> bool:
        """Delete the token of *key*. Returns whether there was one.

        Raises:
            StoreError: The file cannot be written.
        """
        return await self._worker.write(partial(changes, sql=_DELETE, parameters=(key.client_key, key.open_id))) > 0

    async def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app, page by page.

        Raises:
            StoreError: The file cannot be read.
        """
        last = ""
        full = True
        while full:
            rows = await self._worker.read(partial(_rows, sql=_KEYS, parameters=(client_key, last)))
            full = len(rows) == _PAGE
            for (last,) in rows:
                yield AccountKey(client_key, last)

    async def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts whose access token ends before *before*, the earliest first, page by page.

        Raises:
            StoreError: The file cannot be read.
        """
        end = to_microseconds(before)
        last: tuple[int, str] = (_EARLIEST, "")
        full = True
        while full:
            rows = await self._worker.read(partial(_rows, sql=_EXPIRING, parameters=(client_key, end, *last)))
            full = len(rows) == _PAGE
            for last in rows:
                yield AccountKey(client_key, last[1])

    async def _get_many(self, keys: Sequence[AccountKey]) -> Sequence[_Row | None]:
        return await self._worker.read(partial(_get, keys=keys))

    async def aclose(self) -> None:
        """Finish the running writes and close the file. Harmless when repeated."""
        try:
            await self._worker.aclose()
        finally:
            await self._urgent.aclose()

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free."""
        # A holder may soon have an urgent token to store. Then the connection for it is open already.
        await self._urgent.open()
        return await super().acquire_lease(key, owner, ttl)

    def __repr__(self) -> str:
        return f"<SQLiteTokenStore {self._worker.path}>"


def _get(connection: sqlite3.Connection, *, keys: Sequence[AccountKey]) -> list[_Row | None]:
    found: list[_Row | None] = []
    for key in keys:
        rows = connection.execute(_GET, (key.client_key, key.open_id)).fetchall()
        found.append(rows[0] if rows else None)
    return found


def _token(key: AccountKey, row: _Row | None) -> Token | None:
    return read_token(row[1], key=key, version=row[0]) if row else None


def _row(token: Token) -> tuple[bool, int, bytes]:
    return token.state is TokenState.ACTIVE, to_microseconds(token.expires_at), write_token(token)


def _rows(connection: sqlite3.Connection, *, sql: str, parameters: tuple[Any, ...]) -> list[Any]:
    # Always to the last row: an open statement would keep an old snapshot of the file.
    return connection.execute(sql, parameters).fetchall()


def _put(connection: sqlite3.Connection, *, key: AccountKey, row: tuple[bool, int, bytes], expected: int | None) -> int:
    names = (key.client_key, key.open_id)
    # The usual case first, in one statement: the record exists in the expected version.
    if expected and connection.execute(_UPDATE, (*row, *names, expected)).rowcount:
        return expected + 1
    rows = connection.execute(_VERSION, names).fetchall()
    actual = int(rows[0][0]) if rows else 0
    if expected is not None and expected != actual:
        raise TokenConflict(key.open_id, expected_version=expected or None, actual_version=actual or None)
    if not rows:
        connection.execute("INSERT OR IGNORE INTO apps (client_key) VALUES (?)", names[:1])
    connection.execute(_PUT, (*row, *names, actual + 1))
    return actual + 1


def _put_many(
    connection: sqlite3.Connection, *, rows: Sequence[tuple[AccountKey, tuple[bool, int, bytes], int | None]]
) -> list[int | TokenConflict]:
    outcomes: list[int | TokenConflict] = []
    for key, row, expected in rows:
        try:
            outcomes.append(_put(connection, key=key, row=row, expected=expected))
        except TokenConflict as conflict:
            outcomes.append(conflict)
    return outcomes
