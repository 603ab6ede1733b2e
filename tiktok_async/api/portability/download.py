"""Downloading an archive to a file that is either whole or not there.

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
from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api.portability.archive import check_archive
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ApiError, ConfigurationError, TransportError, unexpected_form
from tiktok_async.models import Endpoint
from tiktok_async.models._http import header

__all__ = ["Download"]

# Bytes that are written at once: a thread's wake-up for less would cost more than the writing.
_BLOCK = 1024 * 1024
_PARTIAL, _UNSATISFIABLE = 206, 416
_PAUSE = 1.0
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


@define(slots=True)
class _Progress:
    """How much of a file is there.

    Attributes:
        size: Bytes on the disk.
        resumed: Whether it was put together from several answers.
    """

    size: int
    resumed: bool


@frozen(slots=True, kw_only=True)
class Download:
    """One archive on its way to a file.

    Attributes:
        runtime: The session's pieces.
        credential: Whose archive it is.
        request_id: Which.
        path: Where it goes, once it is whole.
        stall_timeout: Seconds without a byte after which a connection counts as lost.
    """

    runtime: Runtime
    credential: AccountCredential
    request_id: str
    path: Path
    stall_timeout: float

    async def run(self) -> None:
        """Download, check, and put the file into its place.

        What has come is kept beside it under a name of its own, and gone on with by the next call, here or in another
        process, where the server can do that.

        Raises:
            TransportError: The connection broke off time and again without any progress.
            ServerError: What came is no zip file.
            ConfigurationError: The file cannot be written.
        """
        await asyncio.to_thread(_check_place, self.path)
        part = self.path.with_name(f".{self.path.name}.{self.request_id}.part")
        resumed = await self._fetch(part)
        problem = await asyncio.to_thread(check_archive, part, contents=resumed)
        if problem is not None and resumed:
            # Parts of two different archives, perhaps: once more, in one go.
            await asyncio.to_thread(part.unlink)
            problem = await asyncio.to_thread(check_archive, part, contents=await self._fetch(part))
        if problem is not None:
            await asyncio.to_thread(part.unlink)
            raise unexpected_form(
                f"what was downloaded is no whole archive: {problem}",
                status=HTTPStatus.OK,
                endpoint=Endpoint.PORTABILITY_DOWNLOAD.path,
                open_id=self.credential.open_id,
                advice="Download it again.",
            )
        await asyncio.to_thread(_replace, part, self.path)

    async def _fetch(self, part: Path) -> bool:
        """Bring the whole file to *part*; return whether it was put together from several answers."""
        try:
            # Not in a thread: a file that is opened for somebody who was cancelled meanwhile is nobody's to close.
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
                    # Nothing came, such as after TikTok's refusal: nothing is left behind.
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
                # There is nothing behind what is here: it is whole, or another file.
                await asyncio.to_thread(_cut, file, progress)
            await self.runtime.clock.sleep(_PAUSE * 2**failures)

    async def _stream(self, file: BinaryIO, progress: _Progress) -> bool:
        """Bring what is missing; return `False` if the server sent a part that is of no use here."""
        headers = {"Range": f"bytes={progress.size}-"} if progress.size else None
        async with self.runtime.sender.stream(
            Endpoint.PORTABILITY_DOWNLOAD,
            self.runtime.transport.stream,
            credential=self.credential,
            json={"request_id": int(self.request_id)},
            headers=headers,
            stall_timeout=self.stall_timeout,
        ) as answer:
            if progress.size and not _goes_on(answer.status, answer.headers, progress.size):
                await asyncio.to_thread(_cut, file, progress)
                if answer.status == _PARTIAL:
                    return False
            async for block in _blocks(answer.pieces):
                await _write(file, block)
                progress.size += len(block)
            return True


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)


def _check_place(path: Path) -> None:
    """Refuse a place that no archive can be put into, before it is downloaded.

    Raises:
        ConfigurationError: It is one.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder: name the file too, such as {path / 'archive.zip'}.")
    if not path.parent.is_dir():
        raise ConfigurationError(f"The archive cannot be written to {path.parent}, which is no folder: make it first.")


async def _blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what comes in blocks; what came before a connection broke off is handed on, too."""
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
        # To its end, so that no thread writes on into a file that is closed meanwhile.
        await asyncio.wait({writing})
        raise


def _goes_on(status: int, headers: Mapping[str, str], size: int) -> bool:
    """Whether an answer goes on where the file ends; a server that cannot do so sends the whole again."""
    told = header(headers, "content-range") or ""
    found = _RANGE.fullmatch(told.strip())
    return status == _PARTIAL and found is not None and int(found[1]) == size


def _cut(file: BinaryIO, progress: _Progress) -> None:
    file.seek(0)
    file.truncate()
    progress.size, progress.resumed = 0, False


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _replace(part: Path, path: Path) -> None:
    part.replace(path)
    # The new name is on the disk only when its folder is.
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
