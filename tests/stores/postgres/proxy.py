"""A proxy to a server that can drop an answer: the request is carried out and its result is lost."""

import asyncio
from contextlib import suppress
from typing import Self


class LossyProxy:
    """Passes bytes on, both ways, until it is set to drop an answer.

    Args:
        port: Of the server, on loopback.

    Attributes:
        port: Where it listens.
        lost: How many answers were lost.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._server: asyncio.Server | None = None
        self._lose = 0
        self._after = b""
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.lost = 0

    def lose_answer(self, times: int = 1, *, to: bytes) -> None:
        """Close the connection instead of the answer to the next statement that contains *to*."""
        self._lose, self._after = times, to

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        self._end.set()
        await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        asked = asyncio.Event()

        async def ask() -> None:
            while data := await reader.read(65_536):
                if self._lose and self._after in data:
                    asked.set()
                server_writer.write(data)
                await server_writer.drain()

        async def answer() -> None:
            while data := await server_reader.read(65_536):
                if self._lose and asked.is_set():
                    self._lose -= 1
                    self.lost += 1
                    return
                writer.write(data)
                await writer.drain()

        ways = {asyncio.ensure_future(way) for way in (ask(), answer(), self._end.wait())}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, server_writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()
