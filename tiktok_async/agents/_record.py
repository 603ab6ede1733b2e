"""The record on disk: any number of processes append to it, and a call's line is on disk before the call is made."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tiktok_async.abc import Clock
from tiktok_async.agents.rules.chain import START, Head, Verification, line_of, parse, torn_mark, verify
from tiktok_async.errors import ConfigurationError, StoreError

__all__ = ["HeadKeeper", "Record"]

_OPEN = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_OTHERS = 0o077
_BLOCK = 64 * 1024


class HeadKeeper(Protocol):
    """Remembers the newest line of a record, outside the record."""

    async def head(self) -> Head | None:
        """Return the newest line that was kept, or `None`."""
        ...

    async def keep_head(self, head: Head) -> None:
        """Remember *head*."""
        ...


class _Seen(NamedTuple):
    """Identifies a file that nobody has written to since."""

    device: int
    inode: int
    size: int


class Record:
    """A file of JSON lines, chained by hashes. It cannot be switched off.

    Args:
        path: The file; it is made, readable by its owner alone.
        keeper: Remembers its newest line.
        clock: Tells the time of each line.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, keeper: HeadKeeper, clock: Clock) -> None:
        self.path = path
        self._keeper = keeper
        self._clock = clock
        self._lock = asyncio.Lock()
        self._seen: _Seen | None = None
        self._head = START
        self._missed = 0

    def missed(self) -> None:
        """Count a line that could not be written. The next line that can be written tells the number."""
        self._missed += 1

    async def append(self, body: Mapping[str, Any]) -> None:
        """Write one line. It is on disk when this returns.

        Raises:
            StoreError: It cannot be written, so the call that it describes must not be made.
            ConfigurationError: The path is not a regular file that only this user can read.
        """
        writing = asyncio.ensure_future(self._append({"at": _told(self._clock.now()), **body}))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # A write that has started is finished: the file's lock must not outlive this call.
            await asyncio.wait([writing])
            raise

    async def entries(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the content of each intact line, the oldest first. Changed lines are left out; `verify` finds them."""
        async for line in self._lines():
            entry = parse(line)
            if entry is not None:
                yield entry

    async def verify(self) -> Verification:
        """Check every byte.

        Raises:
            StoreError: The file, or what the store remembers of it, cannot be read.
        """
        # Read the store's head before the file. In the other order, lines added in between would look missing.
        kept = await self._keeper.head()
        return await asyncio.to_thread(self._verify, kept)

    def _verify(self, kept: Head | None) -> Verification:
        try:
            with self.path.open("rb") as file:
                return verify(file, kept)
        except FileNotFoundError:
            return verify([], kept)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    async def _lines(self) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self.path.open, "rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unreadable(self.path, error) from error
        try:
            while lines := await asyncio.to_thread(file.readlines, _BLOCK):
                for line in lines:
                    yield line
        finally:
            file.close()

    async def _append(self, body: Mapping[str, Any]) -> None:
        async with self._lock:
            descriptor = await asyncio.to_thread(self._open)
            try:
                await self._write(descriptor, body)
            except BaseException:
                self._seen = None
                raise
            finally:
                os.close(descriptor)  # this releases the file's lock

    async def _write(self, descriptor: int, body: Mapping[str, Any]) -> None:
        torn = b""
        if self._seen != _seen(descriptor):
            tail, torn = await asyncio.to_thread(_tail, descriptor)
            kept = await self._keeper.head()
            # If the file lacks lines that the store remembers, numbers continue after those, so the gap is visible.
            self._head = kept if kept is not None and kept.n > tail.n else tail
        bodies: list[Mapping[str, Any]] = []
        if torn:
            bodies.append(torn_mark(torn))
        if self._missed:
            bodies.append({"what": "gap", "at": body["at"], "missed": self._missed})
        text, head = (b"\n" if torn else b""), self._head
        for one in (*bodies, body):
            line, head = line_of(head, one)
            text += line
        try:
            await asyncio.to_thread(_put, descriptor, text)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._head, self._missed = head, 0
        await self._keeper.keep_head(head)
        self._seen = _seen(descriptor)

    def _open(self) -> int:
        """Open the file and wait for its lock."""
        try:
            import fcntl
        except ImportError as error:
            raise ConfigurationError("The agents' record needs a system with POSIX file locks.") from error
        try:
            descriptor = _opened(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        try:
            _check(descriptor, self.path)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _opened(path: Path) -> int:
    try:
        return os.open(path, _OPEN)
    except FileNotFoundError:
        descriptor = os.open(path, _OPEN | os.O_CREAT, 0o600)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return descriptor


def _check(descriptor: int, path: Path) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        raise ConfigurationError(
            f"The record {path} must be a regular file of this user's that nobody else may read or write: "
            f"chmod 600 {path}"
        )


def _seen(descriptor: int) -> _Seen:
    found = os.fstat(descriptor)
    return _Seen(found.st_dev, found.st_ino, found.st_size)


def _put(descriptor: int, text: bytes) -> None:
    """Write all of *text*, or none of it."""
    before = os.fstat(descriptor).st_size
    try:
        left = memoryview(text)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        # Remove the part that a full disk took. If that fails too, the line stays torn, and the next one marks it.
        os.ftruncate(descriptor, before)
        raise


def _tail(descriptor: int) -> tuple[Head, bytes]:
    """Return the newest whole line, and the bytes after the last newline."""
    end = os.fstat(descriptor).st_size
    text = b""
    while end:
        size = min(_BLOCK, end)
        end -= size
        text = os.pread(descriptor, size, end) + text
        *lines, torn = text.split(b"\n")
        # The first line of the block may begin before it.
        for line in reversed(lines if end == 0 else lines[1:]):
            entry = parse(line + b"\n")
            if entry is not None:
                return Head(entry["n"], entry["hash"]), torn
    return START, text.rpartition(b"\n")[2]


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"The agents' record {path} cannot be written ({error.strerror}), so nothing was done.")


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"The agents' record {path} cannot be read ({error.strerror}).")
