"""An upload without the library: what somebody would write with aiohttp alone, and nothing imported from here.

Blocks of 1 MiB are read in a thread and go out in pieces of 64 KiB, as the library's do; there is no reading ahead, no
retry, no guard against a standstill, no look whether the file has changed, and no state to go on from.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import BinaryIO

import aiohttp

BLOCK = 1024 * 1024
PIECE = 64 * 1024


def spans(size: int, chunk_size: int) -> Iterator[tuple[int, int]]:
    """First byte and one past the last of each chunk; the last chunk takes the rest."""
    count = max(1, size // chunk_size)
    for number in range(count):
        yield number * chunk_size, size if number == count - 1 else (number + 1) * chunk_size


async def pieces(file: BinaryIO, start: int, stop: int) -> AsyncGenerator[memoryview]:
    def read(offset: int) -> bytes:
        file.seek(offset)
        return file.read(min(BLOCK, stop - offset))

    for offset in range(start, stop, BLOCK):
        block = memoryview(await asyncio.to_thread(read, offset))
        for place in range(0, len(block), PIECE):
            yield block[place : place + PIECE]


async def upload(http: aiohttp.ClientSession, url: str, path: Path, chunk_size: int, *, whole: bool) -> None:
    """Send the file; with *whole*, each chunk is read at once and handed over as one."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for start, stop in spans(size, chunk_size):
            headers = {
                "Content-Type": "video/mp4",
                "Content-Length": str(stop - start),
                "Content-Range": f"bytes {start}-{stop - 1}/{size}",
            }
            if whole:
                file.seek(start)
                data: object = await asyncio.to_thread(file.read, stop - start)
            else:
                data = pieces(file, start, stop)
            async with http.put(url, data=data, headers=headers) as response:
                response.raise_for_status()
                await response.read()
