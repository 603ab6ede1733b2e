"""Reads a video's header by ranges, and no more bytes than needed."""

from collections import OrderedDict
from datetime import timedelta
from typing import cast

from tiktok_async._headers.header import read_header
from tiktok_async._headers.reading import BadHeader, Header
from tiktok_async.api.posting.video import OpenVideo, VideoSource

__all__ = ["duration_of", "header_of"]

# One block usually holds several parts; in a bucket, each block is one request.
_BLOCK = 16 * 1024
_KEPT = 8
_MOST = 8 * 1024 * 1024


async def header_of(video: OpenVideo, size: int) -> Header:
    """Return the header of *video*; at most 8 MiB are read, and two blocks of a usual file.

    Raises:
        BadHeader: Its format is unknown, or it contradicts itself.
        UploadError: It cannot be read.
        SourceChanged: It is shorter than *size*.
    """
    blocks = _Blocks(video, size)
    reading = read_header(size)
    try:
        wanted = next(reading)
        while True:
            wanted = reading.send(await blocks.read(*wanted))
    except StopIteration as end:
        return cast("Header", end.value)


async def duration_of(source: VideoSource, size: int) -> timedelta | None:
    """Return the length of a video of *size* bytes; `None` if its header does not say.

    Raises:
        UploadError: It cannot be read.
        SourceChanged: It is shorter than *size*.
    """
    async with source.opened() as video:
        try:
            return (await header_of(video, size)).duration
        except BadHeader:
            return None


class _Blocks:
    def __init__(self, video: OpenVideo, size: int) -> None:
        self._video = video
        self._size = size
        self._read = 0
        self._kept: OrderedDict[int, memoryview] = OrderedDict()

    async def read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self._size)
        if end - offset > _BLOCK:
            return bytes(await self._fetch(offset, end - offset))
        found = b""
        while offset < end:
            start = offset - offset % _BLOCK
            block = self._kept.get(start)
            if block is None:
                block = await self._fetch(start, min(_BLOCK, self._size - start))
                self._kept[start] = block
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            piece = block[offset - start : end - start]
            found += piece
            offset += len(piece)
        return found

    async def _fetch(self, offset: int, length: int) -> memoryview:
        self._read += length
        if self._read > _MOST:
            msg = f"its header is larger than {_MOST} bytes"
            raise BadHeader(msg)
        return await self._video.read(offset, length)
