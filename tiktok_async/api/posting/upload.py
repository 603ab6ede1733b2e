"""Sending the chunks of one video until each is acknowledged.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide

TikTok decides how many bytes it has: if its answer, or the post's status, names another offset, the upload continues
from there. Progress counts acknowledged bytes, not sent ones.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Self

from yarl import URL

from tiktok_async._concurrency.backoff import FULL_JITTER, backoff
from tiktok_async._http.stall import StallGuard
from tiktok_async.abc import Clock, Transport
from tiktok_async.api.posting.rules.chunks import content_range, floor_to_chunk, resume_points
from tiktok_async.api.posting.rules.saved import PublishRecord, UploadRecord
from tiktok_async.api.posting.rules.status import failure_of
from tiktok_async.api.posting.video import OpenVideo
from tiktok_async.errors import (
    SessionClosed,
    TikTokError,
    TransportError,
    UploadError,
    UploadExpired,
    UploadRejected,
    WrongEventLoop,
)
from tiktok_async.models import ChunkPlan, PublishState, PublishStatus, RetryPolicy
from tiktok_async.models._http import RawResponse, Request

__all__ = ["PIECE", "ChunkBody", "Upload"]


PIECE = 64 * 1024
"""The bytes of one piece: a transport copies and encrypts a piece as a whole."""


class ChunkBody:
    """An async iterator over pieces of *blocks* that reports each one, and can be closed while a sender uses it.

    A sender that failed may still use the iterator for a moment, in a task of its own.

    Args:
        blocks: The chunk.
        clock: Time.
        guard: Gets the time of each progress.
        on_moved: Called after each piece.

    Attributes:
        failure: The error of the source, which a sender would only report as a broken connection.
        moved: Bytes given to the sender.
    """

    __slots__ = ("_blocks", "_clock", "_closed", "_guard", "_idle", "_on_moved", "_rest", "failure", "moved")

    def __init__(
        self,
        blocks: AsyncGenerator[memoryview, None],
        clock: Clock,
        guard: StallGuard,
        on_moved: Callable[[], None] | None = None,
    ) -> None:
        self._on_moved = on_moved
        self._blocks = blocks
        self._rest = memoryview(b"")
        self._clock = clock
        self._guard = guard
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.failure: TikTokError | None = None
        self.moved: int = 0

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
        if self._on_moved is not None:
            self._on_moved()
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
        """Close the blocks when no read is waiting."""
        self._closed = True
        await self._idle.wait()
        await self._blocks.aclose()


STALL_SECONDS = 60.0

_TAKEN = {200, 201, 206}
# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
_GONE = {403: "its hour has passed", 404: "TikTok does not know it any more"}
_WORTH_REPEATING = {408, 425, 429}
_MOST_REWINDS = 5


class Upload:
    """One upload, from its present offset to its end.

    Args:
        record: The publish; it has an upload.
        url: The checked upload address.
        video: The open video.
        status: Asks TikTok for the post's status.
        transport: Sends requests.
        clock: Time, sleep and jitter.
        retry: The attempts for each chunk.

    Attributes:
        acknowledged: Bytes that TikTok has acknowledged.
        attempts: The number of attempts for the last chunk.
        upload: The record, with the chunks that were checked since.
        plan: The plan of the chunks.
        on_moved: Called when bytes of a chunk were sent.
    """

    def __init__(
        self,
        record: PublishRecord,
        upload: UploadRecord,
        url: URL,
        video: OpenVideo,
        *,
        status: Callable[[], Awaitable[PublishStatus]],
        transport: Transport,
        clock: Clock,
        retry: RetryPolicy,
    ) -> None:
        self._record = record
        self._url = url
        self._video = video
        self.plan: ChunkPlan = upload.plan
        self.upload: UploadRecord = upload
        self._status = status
        self._transport = transport
        self._clock = clock
        self._retry = retry
        self._refused: set[int] = set()
        self._rewinds = 0
        self._body: ChunkBody | None = None
        self.acknowledged: int = upload.sent
        self.attempts: int = 0
        self.on_moved: Callable[[], None] | None = None

    @property
    def under_way(self) -> int:
        """Bytes of the current chunk that were sent."""
        return 0 if self._body is None else self._body.moved

    async def ask(self) -> bool:
        """Get the number of bytes that TikTok has from the post's status.

        Returns:
            Whether TikTok answered.

        Raises:
            PublishFailed: The post has already failed.
        """
        try:
            status = await self._status()
        except (SessionClosed, WrongEventLoop):
            raise
        except TikTokError:
            # The upload needs no token and no API: without an answer here, the upload host gives the offset by a 416.
            return False
        if status.state == PublishState.FAILED:
            raise failure_of(self._record.publish_id, status)
        if status.succeeded:
            self._set_offset(self.plan.size)
        elif status.uploaded_bytes is not None:
            self._set_offset(max(self.acknowledged, floor_to_chunk(self.plan, status.uploaded_bytes)))
        return status.succeeded or status.uploaded_bytes is not None

    async def next_chunk(self) -> None:
        """Send the current chunk until it is acknowledged.

        Raises:
            UploadExpired: The hour has passed.
            UploadRejected: The upload host refused.
            SourceChanged: The source has changed.
            UploadError: All attempts failed; the upload can be resumed later.
        """
        self.attempts = 0
        goal = self.plan.range_of(self.plan.chunk_at(self.acknowledged)).stop
        while self.acknowledged < goal:
            await self._check_hour()
            self.attempts += 1
            current = self.plan.range_of(self.plan.chunk_at(self.acknowledged))
            problem = await self._attempt(range(self.acknowledged, current.stop))
            if problem is not None:
                await self._pause(problem)
                if not isinstance(problem, TransportError) or problem.sent:
                    # Perhaps only the answer was lost, and TikTok does not document a second PUT of a chunk that it
                    # already has.
                    await self.ask()

    async def _attempt(self, span: range) -> UploadError | TransportError | None:
        """Send *span* once; return an error that is worth another attempt, or `None` if TikTok gave an offset."""
        try:
            reply = await self._put(span)
        except TransportError as error:
            return error
        if reply.status in _TAKEN:
            problem = self._take(span, reply)
            if self.acknowledged == span.stop:
                self.upload = self.upload.with_chunk(span, self._video.digest())
            return problem
        if reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return await self._resync(span, reply)
        if reply.status in _WORTH_REPEATING or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._error(UploadError, reply.status, f"The upload host answered with HTTP {reply.status}.")
        if reply.status in _GONE:
            await self._gone(span, reply.status, _GONE[reply.status])
            return None
        what = f"The upload host refused bytes {span.start}-{span.stop - 1} with HTTP {reply.status}."
        raise self._error(UploadRejected, reply.status, what)

    async def _gone(self, span: range, status: int | None, why: str) -> None:
        """Return if the upload is complete, or raise if it has ended."""
        told = await self.ask()
        if self.acknowledged >= span.stop:
            return
        advice = (
            "Start a new post; this one will not appear."
            if told
            else "Its status is unknown: check it with `Publish.status()` before you start a new post."
        )
        raise self._error(UploadExpired, status, f"The upload cannot continue: {why}. {advice}")

    def _take(self, span: range, reply: RawResponse) -> UploadError | None:
        points = resume_points(self.plan, reply.headers)
        self._set_offset(points[0] if points and span.stop not in points else span.stop)
        if self.acknowledged > span.start:
            return None
        return self._error(UploadError, reply.status, "The upload host accepted a chunk, but does not have it.")

    async def _resync(self, span: range, reply: RawResponse) -> UploadError | None:
        self._refused.add(span.start)
        points = [point for point in resume_points(self.plan, reply.headers) if point not in self._refused]
        if points:
            self._set_offset(points[0])
            return None
        await self.ask()
        if self.acknowledged not in self._refused:
            return None
        if self.attempts < self._retry.attempts:
            return self._error(UploadError, reply.status, f"The upload host does not expect byte {span.start}.")
        raise self._error(
            UploadRejected,
            reply.status,
            f"The upload host does not expect byte {span.start}, and does not say which. Start a new post.",
        )

    async def _put(self, span: range) -> RawResponse:
        headers = {
            "Content-Type": self.upload.content_type,
            "Content-Length": str(len(span)),
            "Content-Range": content_range(span, self.plan.size),
        }
        guard = StallGuard(self._clock, STALL_SECONDS)
        blocks = self._video.blocks(span, self.upload.fingerprint)
        body = self._body = ChunkBody(blocks, self._clock, guard, self.on_moved)
        request = Request(method="PUT", url=self._url, headers=headers, body=body, stall_timeout=STALL_SECONDS)
        try:
            async with guard, aclosing(body):
                return await self._transport.send(request)
        except TimeoutError:
            lost = TransportError(f"no byte was sent for {STALL_SECONDS:.0f} s", sent=True, endpoint="the upload host")
        except TransportError as error:
            lost = error
        finally:
            self._body = None
        # If the source failed, the network only reports a broken connection.
        raise body.failure or lost

    async def _pause(self, problem: UploadError | TransportError) -> None:
        """Wait before the next attempt, or raise if there is none."""
        policy = self._retry
        if self.attempts >= policy.attempts:
            status = problem.status if isinstance(problem, UploadError) else None
            raise self._error(
                UploadError,
                status,
                f"A chunk was not acknowledged in {self.attempts} attempts. Resume later with "
                "`account.publish(state, source)`; do not start a new post.",
            ) from problem
        base, cap = policy.base.total_seconds(), policy.cap.total_seconds()
        wait = backoff(self.attempts, base=base, cap=cap, jitter=self._clock.random(), spread=FULL_JITTER)
        await self._clock.sleep(wait)

    async def _check_hour(self) -> None:
        expires_at = self._record.expires_at
        if expires_at is not None and self._clock.now() >= expires_at:
            await self._gone(range(self.plan.size), None, "its hour has passed")

    def _set_offset(self, offset: int) -> None:
        if offset > self.acknowledged:
            self._refused.clear()
        elif offset < self.acknowledged:
            self._rewinds += 1
            if self._rewinds > _MOST_REWINDS:
                raise self._error(UploadRejected, None, "The upload host lost acknowledged bytes several times.")
        self.acknowledged = offset

    def _error(self, kind: type[UploadError], status: int | None, what: str) -> UploadError:
        return kind(what, publish_id=self._record.publish_id, status=status)
