"""An upload without the library: what somebody would write with aiohttp or a socket alone; nothing imported from here.

With aiohttp, blocks of 1 MiB are read in a thread and go out in pieces of 64 KiB, as the library's do; there is no
reading ahead, no retry, no guard against a standstill, no look whether the file has changed, and no state to go on
from.
"""

import asyncio
import mmap
import os
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

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


def blocking(context: ssl.SSLContext, base: str, path: Path, chunk_size: int) -> float:
    """Send the file from a map of it, with nothing but a socket: as fast as it goes. Returns the seconds it took."""
    address = urlsplit(base)
    size = path.stat().st_size
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content,
        memoryview(content) as view,
        socket.create_connection((address.hostname, address.port)) as plain,
        context.wrap_socket(plain, server_hostname=address.hostname) as connection,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.perf_counter()
        for start, stop in spans(size, chunk_size):
            head = f"PUT /upload HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {stop - start}\r\n"
            connection.sendall(f"{head}Content-Range: bytes {start}-{stop - 1}/{size}\r\n\r\n".encode())
            with view[start:stop] as chunk:
                connection.sendall(chunk)
            connection.recv(65_536)
        return time.perf_counter() - started
