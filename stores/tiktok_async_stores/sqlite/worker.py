"""One SQLite connection on aiosqlite's thread: a transaction is one function run there, and writes share commits."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, cast

import aiosqlite

from tiktok_async.abc import Clock
from tiktok_async.errors import StoreError, TikTokError
from tiktok_async.models import StoreUnsafe
from tiktok_async_stores._batch import Batcher
from tiktok_async_stores._unsafe import OnUnsafe, tell
from tiktok_async_stores.sqlite.file import connect, unsafe_mode

T = TypeVar("T")
_Run = Callable[[Callable[[], T]], Awaitable[T]]
Job = Callable[[sqlite3.Connection], T]

# More would make the first of them wait for the last.
_TOGETHER = 500
_OPENING_PAUSE, _OPENING_TRIES = 0.05, 100  # 5 seconds


class _Call(Generic[T]):
    """A job and what it works on. aiosqlite logs the `repr` of what it runs: this one shows no argument."""

    __slots__ = ("_connection", "_job")

    def __init__(self, job: Job[T], connection: sqlite3.Connection) -> None:
        self._job = job
        self._connection = connection

    def __call__(self) -> T:
        return self._job(self._connection)

    def __repr__(self) -> str:
        return "<job of a token store>"


class SQLiteWorker:
    """Runs jobs on one connection, which is opened on first use.

    Args:
        path: The file, or `:memory:`.
        clock: Times the waiting for a file that another process is just making.
        on_unsafe: Told if others may read the file.
    """

    def __init__(self, path: str, clock: Clock, on_unsafe: OnUnsafe | None) -> None:
        self._on_unsafe = on_unsafe
        self.path = path
        self._clock = clock
        self._aio: aiosqlite.Connection | None = None
        self._raw: sqlite3.Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._writes = Batcher[Job[Any], object](self._commit, limit=_TOGETHER)

    async def read(self, job: Job[T]) -> T:
        """Run *job* on the thread, outside a transaction, in one hop there and back.

        Raises:
            StoreError: SQLite failed, or the store was closed.
        """
        if self._aio is None or self._raw is None:
            await self._open()
        return await self._run(job)

    async def write(self, job: Job[T]) -> T:
        """Run *job* in a transaction and return once it is on disk.

        Jobs that wait at the same time share one transaction, as most of its cost is the disk's. Each still
        succeeds or fails alone. A caller that is cancelled leaves its job in.

        Raises:
            TikTokError: The job raised it, before it changed anything.
            StoreError: SQLite failed, or the store was closed.
        """
        if self._aio is None or self._raw is None:
            await self._open()
        return cast("T", await self._writes.submit(job))

    async def aclose(self) -> None:
        """Finish what waits and close the connection; goes on to its end even if the caller is cancelled."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _run(self, job: Job[T]) -> T:
        if self._aio is None or self._raw is None:
            raise StoreError(f"The SQLite store {self.path} is closed.")
        try:
            # aiosqlite has no public way to run a function on its thread; its own methods all go through this one.
            run = cast("_Run[T]", self._aio._execute)  # noqa: SLF001 - see above  # pyright: ignore - see above
            result = await run(_Call(job, self._raw))
        except (sqlite3.Error, UnicodeError) as error:
            raise StoreError(f"The SQLite store {self.path} failed: {error}.") from error
        return result

    async def _open(self) -> None:
        if self._closing is not None:
            raise StoreError(f"The SQLite store {self.path} is closed.")
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open_once())
        # Many may wait for it, and one who is cancelled must not take it from the others.
        await asyncio.shield(self._opening)

    async def _open_once(self) -> None:
        try:
            for attempt in range(_OPENING_TRIES):
                try:
                    return await self._connect()
                except sqlite3.OperationalError as error:
                    # SQLite does not wait by itself while another process turns the file to WAL.
                    if attempt == _OPENING_TRIES - 1:
                        raise StoreError(f"The SQLite store {self.path} stays locked by another process.") from error
                    await self._clock.sleep(_OPENING_PAUSE * (0.5 + self._clock.random()))
        finally:
            self._opening = None

    async def _connect(self) -> None:
        errors: list[Exception] = []

        def connector() -> sqlite3.Connection:
            try:
                self._raw = connect(self.path)
            except (StoreError, sqlite3.Error) as error:
                # aiosqlite would leave a failed thread to itself, which then speaks to a loop that may be gone. One
                # with a connection can be closed in order.
                errors.append(error)
                return sqlite3.connect(":memory:", check_same_thread=False)
            return self._raw

        connection = aiosqlite.Connection(connector, iter_chunk_size=64)
        # A store that nobody closed must not keep the interpreter from ending (aiosqlite#369).
        thread: Any = getattr(connection, "_thread", connection)
        thread.daemon = True
        await connection
        if errors:
            await connection.close()
            raise errors[0]
        self._aio = connection
        now = self._clock.now()
        tell(
            (StoreUnsafe(at=now, setting=setting, advice=advice) for setting, advice in unsafe_mode(self.path)),
            self._on_unsafe,
        )

    async def _commit(self, jobs: Sequence[Job[Any]]) -> Sequence[object]:
        return await self._run(partial(_commit, jobs=jobs))

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


def _commit(connection: sqlite3.Connection, jobs: Sequence[Job[Any]]) -> list[object]:
    """Run *jobs* in one transaction; if one of them breaks it, each in one of its own."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_outcome(connection, job) for job in jobs]
        connection.execute("COMMIT")
    except (sqlite3.Error, UnicodeError):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(jobs) == 1:
            raise
        return [_alone(connection, job) for job in jobs]
    return outcomes


def _outcome(connection: sqlite3.Connection, job: Job[Any]) -> object:
    try:
        return job(connection)
    except TikTokError as error:
        return error


def _alone(connection: sqlite3.Connection, job: Job[Any]) -> object:
    try:
        return _commit(connection, [job])[0]
    except (sqlite3.Error, UnicodeError) as error:
        return StoreError(f"The SQLite store failed: {error}.")
