"""The body of one chunk's PUT: pieces for the network, and what became of them for the upload."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Self

from tiktok_async._stall import StallGuard
from tiktok_async.abc import Clock
from tiktok_async.errors import TikTokError

__all__ = ["PIECE", "ChunkBody"]

PIECE = 64 * 1024
"""Bytes that are handed on at once: a transport copies and encrypts a piece whole."""


class ChunkBody:
    """An async iterator over pieces of *blocks* that tells of each, and that can be closed under a sender's hands.

    A sender that failed may still hold on to the iterator for a moment, in a task of its own.

    Args:
        blocks: The chunk.
        clock: Tells the time.
        guard: Is told of progress.

    Attributes:
        failure: What the source raised, which a sender would only show as a broken connection.
        moved: Bytes that were handed to the sender.
    """

    __slots__ = ("_blocks", "_clock", "_closed", "_guard", "_idle", "_rest", "failure", "moved")

    def __init__(self, blocks: AsyncGenerator[memoryview, None], clock: Clock, guard: StallGuard) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")
        self._clock = clock
        self._guard = guard
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.failure: TikTokError | None = None
        self.moved = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> memoryview:
        if self._closed:
            raise StopAsyncIteration
        if not self._rest:
            self._rest = await self._next_block()
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        self._guard.moved_at = self._clock.monotonic()
        self.moved += len(piece)
        return piece

    async def _next_block(self) -> memoryview:
        self._idle.clear()
        try:
            return await anext(self._blocks)
        except TikTokError as error:
            self.failure = error
            raise
        finally:
            self._idle.set()

    async def aclose(self) -> None:
        """Close the blocks once nobody is waiting for one."""
        self._closed = True
        await self._idle.wait()
        await self._blocks.aclose()
