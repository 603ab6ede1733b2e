"""One SQLite connection on aiosqlite's thread: a transaction is one function there, and writes share commits."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar, cast

import aiosqlite

from tiktok_async._concurrency.lasting import LastingTask
from tiktok_async.abc import Clock
from tiktok_async.errors import StoreError, TikTokError
from tiktok_async.models import StoreUnsafe
from tiktok_async_stores._batch import Batcher
from tiktok_async_stores._process import Owner
from tiktok_async_stores._unsafe import OnUnsafe, report_unsafe
from tiktok_async_stores.sqlite.file import Identity, connect, identity, obstacles, unsafe_mode

_log = logging.getLogger("tiktok_async.stores")

T = TypeVar("T")
_Run = Callable[[Callable[[], T]], Awaitable[T]]
Job = Callable[[sqlite3.Connection], T]

# With more, the first of them would wait for the last.
_TOGETHER = 500
_REOPENINGS = 3
_OPENING_PAUSE, _OPENING_TRIES = 0.05, 100  # 5 seconds


class _Call(Generic[T]):
    """A job and its connection. aiosqlite logs the `repr` of a function that it runs; this one shows no arguments."""

    __slots__ = ("_connection", "_job")

    def __init__(self, job: Job[T], connection: sqlite3.Connection) -> None:
        self._job = job
        self._connection = connection

    def __call__(self) -> T:
        return self._job(self._connection)

    def __repr__(self) -> str:
        return "<job of a token store>"


class Moved(Exception):
    """The path names other files than the open ones."""


class SQLiteWorker:
    """Runs jobs on one connection, which is opened on first use.

    Before a job, and after the commit of one that writes, the path must still name the open files: data in a deleted
    file is lost at the end of the process. If other files replaced them, these are opened instead.

    Args:
        path: The file, or `:memory:`.
        clock: Times the waiting for a file that another process is creating.
        on_unsafe: Called if others may read the file.

    Attributes:
        path: The file.
        owner: The process that uses it.
    """

    def __init__(self, path: str, clock: Clock, on_unsafe: OnUnsafe | None) -> None:
        self._on_unsafe = on_unsafe
        self.path = path
        self._clock = clock
        self._aio: aiosqlite.Connection | None = None
        self._raw: sqlite3.Connection | None = None
        self._files: Identity | None = None
        self._old: list[aiosqlite.Connection] = []
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.owner: Owner = Owner(f"The SQLite store {path}")
        self._writes = Batcher[Job[Any], object](self._commit, limit=_TOGETHER, owner=self.owner)

    async def open(self) -> None:
        """Make the connection, if there is none.

        Raises:
            StoreError: The file cannot be opened, or the store was closed.
        """
        self.owner.check()
        if self._aio is None or self._raw is None:
            await self._open()

    async def read(self, job: Job[T]) -> T:
        """Run *job* on the thread, outside a transaction, by one call of it.

        Raises:
            StoreError: SQLite failed, or the store was closed.
        """
        await self.open()
        return await self._run(job, writes=False)

    async def write(self, job: Job[T]) -> T:
        """Run *job* in a transaction and return when it is on disk.

        Concurrent jobs share one transaction, since most of its time is for the disk. Each still succeeds or fails
        separately. If the caller is cancelled, its job still runs.

        Raises:
            TikTokError: The job raised it, before it changed anything.
            StoreError: SQLite failed, or the store was closed.
        """
        await self.open()
        return cast("T", await self._writes.submit(job))

    async def aclose(self) -> None:
        """Finish the waiting jobs and close the connection, also if the caller is cancelled."""
        if self.owner.left_behind:
            return  # the connection and its thread belong to the parent process
        if self._closing is None:
            self._closing = LastingTask(self._close())
        await asyncio.shield(self._closing)

    async def _run(self, job: Job[T], *, writes: bool) -> T:
        for _ in range(_REOPENINGS):
            if self._aio is None or self._raw is None:
                raise StoreError(f"The SQLite store {self.path} is closed.")
            raw = self._raw
            try:
                # aiosqlite has no public way to run a function on its thread; its own methods all use this one.
                run = cast("_Run[T]", self._aio._execute)  # noqa: SLF001 - see above  # pyright: ignore - see above
                return await run(_Call(partial(self._guarded, job, writes=writes), raw))
            except Moved:
                await self._reopen(raw)
            except (sqlite3.Error, UnicodeError, OverflowError) as error:
                raise StoreError(f"The SQLite store {self.path} failed: {error}.{obstacles(self.path)}") from error
        raise StoreError(f"The SQLite store {self.path} was replaced several times; leave one file in place.")

    def _guarded(self, job: Job[T], connection: sqlite3.Connection, *, writes: bool) -> T:
        self._check_files()
        result = job(connection)
        if writes:
            self._check_files()
        return result

    def _check_files(self) -> None:
        if self._files is not None and identity(self.path) != self._files:
            raise Moved

    async def _reopen(self, raw: sqlite3.Connection) -> None:
        if not os.path.exists(self.path):  # noqa: ASYNC240, PTH110 - a fast check without waiting
            # With a new and empty file, every account would be unknown.
            raise StoreError(
                f"The SQLite store {self.path} was deleted while it was in use. Restore it from a backup: it is then "
                "read again. Or restart every process that uses it, to begin with an empty one; all users then have "
                "to log in again."
            )
        if self._raw is raw and self._aio is not None:
            _log.warning("The files of the SQLite store %s were replaced; it is opened again.", self.path)
            self._old.append(self._aio)
            self._aio, self._raw = None, None
        await self._open()

    async def _open(self) -> None:
        if self._closing is not None:
            raise StoreError(f"The SQLite store {self.path} is closed.")
        if self._opening is None:
            self._opening = LastingTask(self._open_once())
        # Several calls may wait for it, and cancelling one must not affect the others.
        await asyncio.shield(self._opening)

    async def _open_once(self) -> None:
        try:
            for attempt in range(_OPENING_TRIES):
                try:
                    return await self._connect()
                except sqlite3.OperationalError as error:
                    # SQLite does not wait while another process changes the file to WAL.
                    if attempt == _OPENING_TRIES - 1:
                        raise StoreError(f"The SQLite store {self.path} stays locked by another process.") from error
                    await self._clock.sleep(_OPENING_PAUSE * (0.5 + self._clock.random()))
        finally:
            self._opening = None

    async def _connect(self) -> None:
        errors: list[Exception] = []

        def connector() -> sqlite3.Connection:
            try:
                self._raw = self._connector()
            except (StoreError, sqlite3.Error) as error:
                # aiosqlite would not end the thread of a failed connection, which may then use a closed loop. One
                # with a connection can be closed properly.
                errors.append(error)
                return sqlite3.connect(":memory:", check_same_thread=False)
            return self._raw

        connection = aiosqlite.Connection(connector, iter_chunk_size=64)
        # A store that was not closed must not block the end of the interpreter (aiosqlite#369).
        thread: Any = getattr(connection, "_thread", connection)
        thread.daemon = True
        while self._old:
            with suppress(sqlite3.Error):
                await self._old.pop().close()
        await connection
        if errors:
            await connection.close()
            raise errors[0]
        self._files = identity(self.path)
        self._aio = connection
        self._look_at_mode()

    def _connector(self) -> sqlite3.Connection:
        return connect(self.path)

    def _look_at_mode(self) -> None:
        now = self._clock.now()
        report_unsafe(
            (StoreUnsafe(at=now, setting=setting, advice=advice) for setting, advice in unsafe_mode(self.path)),
            self._on_unsafe,
        )

    async def _commit(self, jobs: Sequence[Job[Any]]) -> Sequence[object]:
        return await self._run(partial(_commit, jobs=jobs), writes=True)

    async def _close(self) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        await self._writes.drain()
        if self._aio is not None:
            connection, self._aio, self._raw = self._aio, None, None
            try:
                await connection.close()
            except sqlite3.Error as error:
                raise StoreError(f"The SQLite store {self.path} failed to close: {error}.") from error


def begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction that writes."""
    connection.execute("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection, jobs: Sequence[Job[Any]]) -> list[object]:
    begin(connection)
    return end_transaction(connection, jobs, begin)


def end_transaction(
    connection: sqlite3.Connection, jobs: Sequence[Job[Any]], begin: Callable[[sqlite3.Connection], None]
) -> list[object]:
    """Run *jobs* in the transaction that has begun, and commit it; if one of them breaks it, each in a separate one.

    Args:
        connection: The connection.
        jobs: The jobs.
        begin: Begins another transaction.

    Returns:
        For each, in their order, its result, or the error that it raised before it changed anything.
    """
    try:
        outcomes = [_outcome(connection, job) for job in jobs]
        connection.execute("COMMIT")
    except BaseException as error:
        # Also for other errors of a job, since an open transaction would block the file.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(jobs) == 1 or not isinstance(error, Exception):
            raise
        return [_alone(connection, job, begin) for job in jobs]
    return outcomes


def _outcome(connection: sqlite3.Connection, job: Job[Any]) -> object:
    try:
        return job(connection)
    except TikTokError as error:
        return error


def _alone(connection: sqlite3.Connection, job: Job[Any], begin: Callable[[sqlite3.Connection], None]) -> object:
    try:
        begin(connection)
        return end_transaction(connection, [job], begin)[0]
    except Exception as error:  # noqa: BLE001 - each job fails separately, with any error
        return StoreError(f"The SQLite store failed: {error}.")
