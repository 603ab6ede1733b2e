"""Files of a media folder: no path leads out of it, and a file that changes after its first read is noticed.

The agent may own the folder and change it at any moment, so no path is resolved twice: each part of the path is
opened inside the part before, links are never followed, and everything later uses the one open file.
"""

import asyncio
import hashlib
import os
import stat
import threading
from types import TracebackType
from typing import Self

from tiktok_async.agents.rules.arguments import Refused
from tiktok_async.errors import ConfigurationError, SourceChanged

__all__ = ["HeldFile", "hold", "resolved_folder"]

_BLOCK = 256 * 1024
# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide: at most 4 GB
_LARGEST = 4 * 1024**3
_DEEPEST = 16

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_LINKS
# Opening a pipe or a device must neither wait nor do anything to it.
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | _NO_LINKS

_NO_FILE = "There is no such video in the media folder: `file` is the path, inside it, of a regular file"


def resolved_folder(folder: str) -> str:
    """Return the real path of a media folder before it is granted.

    Raises:
        ConfigurationError: It is not a folder, or this system cannot open files inside a folder safely.
    """
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        raise ConfigurationError("A media folder needs a system that opens files by their folder (POSIX openat).")
    real = os.path.realpath(folder)
    if not os.path.isdir(real):  # noqa: PTH112 - beside realpath, on a str that is kept as one
        raise ConfigurationError(f"The media folder {folder} is no folder.")
    return real


async def hold(folder: str, path: str) -> "HeldFile":
    """Open the file *path* of *folder* and read it to its end. Later reads use the same open file.

    Raises:
        Refused: It is not a regular file inside the folder, has a second name (hard link), or is empty or too large.
    """
    # A cancelled call still waits for the thread, and closes the file that the thread has opened.
    opening = asyncio.ensure_future(asyncio.to_thread(_hold, folder, path))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if not opening.cancelled() and opening.exception() is None:
            opening.result().close()
        raise


class HeldFile:
    """An open file, and a `ByteSource` of exactly the bytes that it had at its first read.

    Args:
        descriptor: The file; closed by `close`.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        blocks: The SHA-256 of each block of it.
        size: Its size.

    Attributes:
        sha256: The SHA-256 of its bytes, in hexadecimal.
        size: Its size.
    """

    def __init__(self, descriptor: int, *, sha256: str, blocks: list[bytes], size: int) -> None:
        self.sha256 = sha256
        self.size: int = size
        self._descriptor: int | None = descriptor
        self._blocks = blocks
        # A cancelled read may still run in its thread. It must not read another file that got the same descriptor.
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    async def read(self, offset: int, length: int) -> bytes:
        """Return *length* bytes from *offset* on.

        Raises:
            SourceChanged: They are not the bytes that were there when the file was opened.
        """
        return await asyncio.to_thread(self._read, offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        first = offset // _BLOCK
        last = -(-(offset + length) // _BLOCK)
        found: list[bytes] = []
        for number in range(first, min(last, len(self._blocks))):
            with self._lock:
                block = b"" if self._descriptor is None else _block(self._descriptor, number)
            if hashlib.sha256(block).digest() != self._blocks[number]:
                raise SourceChanged("The file was changed after it was opened. Propose it as a new post.")
            found.append(block)
        start = offset - first * _BLOCK
        return b"".join(found)[start : start + length]


def _hold(folder: str, path: str) -> HeldFile:
    parts = path.split("/")
    if not 1 <= len(parts) <= _DEEPEST or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise Refused(_NO_FILE)
    try:
        descriptor = _opened(folder, parts)
    except (OSError, ValueError) as error:
        # One message for every error: an agent must not learn which files exist outside.
        raise Refused(_NO_FILE) from error
    try:
        return _read_through(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _opened(folder: str, parts: list[str]) -> int:
    inside = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _FOLDER, dir_fd=inside)
            os.close(inside)
            inside = deeper
        # Opening a device may have effects. This check prevents that, except in a race.
        if not stat.S_ISREG(os.stat(parts[-1], dir_fd=inside, follow_symlinks=False).st_mode):
            raise FileNotFoundError
        return os.open(parts[-1], _FILE, dir_fd=inside)
    finally:
        os.close(inside)


def _read_through(descriptor: int) -> HeldFile:
    found = os.fstat(descriptor)
    # A file with a second name may be a file from outside, hard-linked into the folder.
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise Refused(_NO_FILE)
    if not 0 < found.st_size <= _LARGEST:
        raise Refused("The video is empty, or larger than the 4 GB that TikTok takes")
    whole, blocks, size = hashlib.sha256(), list[bytes](), 0
    while block := _block(descriptor, len(blocks)):
        whole.update(block)
        blocks.append(hashlib.sha256(block).digest())
        size += len(block)
        if size > found.st_size or len(block) < _BLOCK:
            break
    if size != found.st_size:
        raise Refused("The video is being written to; propose it when it is finished")
    return HeldFile(descriptor, sha256=whole.hexdigest(), blocks=blocks, size=size)


def _block(descriptor: int, number: int) -> bytes:
    """Return one whole block, shorter only at the end of the file."""
    offset, block = number * _BLOCK, b""
    while len(block) < _BLOCK and (more := os.pread(descriptor, _BLOCK - len(block), offset + len(block))):
        block += more
    return block
