"""Writes to a SQLite file that come before all others: until one is done, a rotated token exists only in memory."""

import sqlite3
import threading
from collections import deque
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast

from tiktok_async.abc import Clock
from tiktok_async.errors import StoreError, TikTokError
from tiktok_async_stores.sqlite.file import connect
from tiktok_async_stores.sqlite.worker import Job, Moved, SQLiteWorker, begin, end_transaction

T = TypeVar("T")

# SQLite itself retries after 1, 2, 5, 10, 15, 20, 25, 50 and 100 ms. A process that retries more often writes next.
_LOOK, _LOOKS = 0.0003, 15_000  # about 5 seconds
_OPEN: Any = object()


class _Entry:
    """A job, and its outcome once it is on disk."""

    __slots__ = ("job", "outcome")

    def __init__(self, job: Job[Any]) -> None:
        self.job = job
        self.outcome: object = _OPEN


class UrgentWorker(SQLiteWorker):
    """Writes on a separate connection and thread, so no other work of this process comes before.

    It tries often to get the write lock of the file, and leaves the copying of the log (a checkpoint) to other
    connections. Jobs that arrive while it waits for the lock go into the same transaction.

    Args:
        path: The file.
        clock: Times the wait for a file that another process is creating.
    """

    def __init__(self, path: str, clock: Clock) -> None:
        super().__init__(path, clock, None)
        self._waiting: deque[_Entry] = deque()

    async def write(self, job: Job[T]) -> T:
        """Run *job* in a transaction and return once it is on disk.

        Raises:
            TikTokError: The job raised it, before it changed anything.
            StoreError: SQLite failed, or the store was closed.
        """
        await self.open()
        entry = _Entry(job)
        self._waiting.append(entry)
        try:
            await self._run(partial(self._write, entry=entry), writes=False)
        except StoreError as error:
            entry.outcome = error  # its caller got the error: no later transaction may carry it out
            raise
        if isinstance(entry.outcome, TikTokError):
            raise entry.outcome
        return cast("T", entry.outcome)

    def _write(self, connection: sqlite3.Connection, *, entry: _Entry) -> None:
        if entry.outcome is not _OPEN:
            return  # the transaction of an earlier job included it
        entries: list[_Entry] = []
        try:
            _begin(connection)
            while self._waiting:
                waiting = self._waiting.popleft()
                if waiting.outcome is _OPEN:
                    entries.append(waiting)
            outcomes = end_transaction(connection, [each.job for each in entries], _begin)
            self._check_files()
        except Moved:
            self._waiting.extendleft(reversed(entries))
            raise
        except BaseException:
            # The others are not stored: each goes into the transaction of its own caller.
            self._waiting.extendleft(each for each in reversed(entries) if each is not entry)
            with suppress(ValueError):
                self._waiting.remove(entry)
            raise
        for each, outcome in zip(entries, outcomes, strict=True):
            each.outcome = outcome

    def _connector(self) -> sqlite3.Connection:
        connection = connect(self.path)
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        connection.execute("PRAGMA busy_timeout = 0").fetchall()
        return connection

    def _look_at_mode(self) -> None:
        """Do nothing: the other connection checks the mode."""


def _begin(connection: sqlite3.Connection) -> None:
    pause = threading.Event()
    for _ in range(_LOOKS):
        try:
            return begin(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        pause.wait(_LOOK)
    return begin(connection)
