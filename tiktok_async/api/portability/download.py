"""Downloading an archive to a file that is either complete or not there.

Source: https://developers.tiktok.com/doc/data-portability-api-download
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from attrs import define, frozen

from tiktok_async._files import continue_private
from tiktok_async._http.streaming import opener_of
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api.portability.archive import check_archive
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ApiError, ConfigurationError, TransportError, unexpected_form
from tiktok_async.models import Endpoint
from tiktok_async.models._http import header

__all__ = ["Download"]

# The bytes of one write: for fewer, starting the thread would cost more than the write.
_BLOCK = 1024 * 1024
_PARTIAL, _UNSATISFIABLE = 206, 416
_PAUSE = 1.0
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


@define(slots=True)
class _Progress:
    """The downloaded part of a file.

    Attributes:
        size: Bytes on the disk.
        resumed: Whether it consists of several answers.
    """

    size: int
    resumed: bool


@frozen(slots=True, kw_only=True)
class Download:
    """The download of one archive to a file.

    Attributes:
        runtime: The parts of the session.
        credential: The account's credential.
        request_id: The id of the request.
        path: The file, written when the download is complete.
        stall_timeout: Seconds without a byte after which a connection counts as lost.
    """

    runtime: Runtime
    credential: AccountCredential
    request_id: str
    path: Path
    stall_timeout: float

    async def run(self) -> None:
        """Download and check the file, and move it to its path.

        A partial download is kept in the same folder under another name. The next call, here or in another process,
        continues it if the server supports that.

        Raises:
            TransportError: The connection broke off several times without progress.
            ServerError: The download is not a zip file.
            ConfigurationError: The file cannot be written.
        """
        await asyncio.to_thread(_check_place, self.path)
        part = self.path.with_name(f".{self.path.name}.{self.request_id}.part")
        resumed = await self._fetch(part)
        problem = await asyncio.to_thread(check_archive, part, contents=resumed)
        if problem is not None and resumed:
            # It may consist of parts of two different archives, so it is downloaded once more as a whole.
            await asyncio.to_thread(part.unlink)
            problem = await asyncio.to_thread(check_archive, part, contents=await self._fetch(part))
        if problem is not None:
            await asyncio.to_thread(part.unlink)
            raise unexpected_form(
                f"the download is not a complete archive: {problem}",
                status=HTTPStatus.OK,
                endpoint=Endpoint.PORTABILITY_DOWNLOAD.path,
                open_id=self.credential.open_id,
                advice="Download it again.",
            )
        await asyncio.to_thread(_replace, part, self.path)

    async def _fetch(self, part: Path) -> bool:
        """Download the whole file to *part*; return whether it consists of several answers."""
        try:
            # Not in a thread: if the caller were cancelled meanwhile, nobody would close the file.
            file = continue_private(part)
            whole = False
            try:
                progress = _Progress(file.tell(), resumed=file.tell() > 0)
                await self._download(file, progress)
                await asyncio.to_thread(_flush, file)
                whole = True
            finally:
                file.flush()
                empty = not os.fstat(file.fileno()).st_size
                file.close()
                if empty and not whole:
                    # Nothing was received, for example after a refusal, so no file is left.
                    _forget(part)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise ConfigurationError(f"The archive cannot be written to {part.parent}: {problem}.") from None
        return progress.resumed

    async def _download(self, file: BinaryIO, progress: _Progress) -> None:
        failures = 0
        while True:
            before = progress.size
            try:
                if await self._stream(file, progress):
                    return
                continue
            except TransportError:
                failures = 0 if progress.size > before else failures + 1
                if failures >= self.runtime.retry.attempts:
                    raise
                progress.resumed = progress.size > 0
            except ApiError as error:
                if error.status != _UNSATISFIABLE or not before:
                    raise
                # The server has no further bytes: the file is complete, or it is a different one.
                await asyncio.to_thread(_truncate, file, progress)
            await self.runtime.clock.sleep(_PAUSE * 2**failures)

    async def _stream(self, file: BinaryIO, progress: _Progress) -> bool:
        """Download the missing bytes; return `False` if the server sent a part that does not fit."""
        headers = {"Range": f"bytes={progress.size}-"} if progress.size else None
        async with self.runtime.sender.stream(
            Endpoint.PORTABILITY_DOWNLOAD,
            opener_of(self.runtime.transport),
            credential=self.credential,
            json={"request_id": int(self.request_id)},
            headers=headers,
            stall_timeout=self.stall_timeout,
        ) as answer:
            if progress.size and not _continues(answer.status, answer.headers, progress.size):
                await asyncio.to_thread(_truncate, file, progress)
                if answer.status == _PARTIAL:
                    return False
            async for block in _blocks(answer.pieces):
                await _write(file, block)
                progress.size += len(block)
            return True


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)


def _check_place(path: Path) -> None:
    """Refuse a path to which no archive can be written, before the download.

    Raises:
        ConfigurationError: The path cannot be written.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder: add the name of the file, such as {path / 'archive.zip'}.")
    if not path.parent.is_dir():
        raise ConfigurationError(f"The archive cannot be written to {path.parent}, which is not a folder.")


async def _blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the received bytes in blocks, including those received before a connection broke off."""
    block = bytearray()
    broken: TransportError | None = None
    try:
        async for piece in pieces:
            block += piece
            if len(block) >= _BLOCK:
                yield bytes(block)
                block.clear()
    except TransportError as error:
        broken = error
    if block:
        yield bytes(block)
    if broken is not None:
        raise broken


async def _write(file: BinaryIO, block: bytes) -> None:
    writing = asyncio.ensure_future(asyncio.to_thread(file.write, block))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        # Run to its end, so that no thread writes to a file that is closed meanwhile.
        await asyncio.wait({writing})
        raise


def _continues(status: int, headers: Mapping[str, str], size: int) -> bool:
    """Whether an answer continues at the end of the file; a server that cannot do so sends the whole file again."""
    told = header(headers, "content-range") or ""
    found = _RANGE.fullmatch(told.strip())
    return status == _PARTIAL and found is not None and int(found[1]) == size


def _truncate(file: BinaryIO, progress: _Progress) -> None:
    file.seek(0)
    file.truncate()
    progress.size, progress.resumed = 0, False


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _replace(part: Path, path: Path) -> None:
    part.replace(path)
    # The new name is on the disk only after its folder was flushed.
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
