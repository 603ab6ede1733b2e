"""One post on its way: its upload, its state, and how it ended."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus

from attrs import define, evolve, frozen
from yarl import URL

from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api.posting.rules.saved import Fingerprint, PublishRecord, UploadRecord, chained
from tiktok_async.api.posting.rules.status import failure_of, is_unknown_id, read_status
from tiktok_async.api.posting.rules.upload_url import check_upload_url
from tiktok_async.api.posting.upload import Upload
from tiktok_async.api.posting.video import OpenVideo, VideoSource, changed
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import (
    ConfigurationError,
    InvalidParams,
    PublishPending,
    RateLimited,
    RateLimitWaitExceeded,
    ServerError,
    TikTokError,
    TransportError,
)
from tiktok_async.models import (
    ChunkPlan,
    ChunkUploaded,
    Endpoint,
    PublishChanged,
    PublishState,
    PublishStatus,
    UploadProgress,
)
from tiktok_async.models._checks import Checks, Duration

__all__ = ["Publish", "PublishEvents"]


@frozen(slots=True)
class PublishEvents:
    """Tells of one publish, if somebody listens.

    Attributes:
        runtime: Whose observer is told.
        open_id: The account.
        publish_id: The post.
    """

    runtime: Runtime
    open_id: str
    publish_id: str

    def chunk(self, plan: ChunkPlan, chunk: int, *, sent: int, size: int, attempts: int, seconds: float) -> None:
        """Tell that a chunk was acknowledged.

        Args:
            plan: How the video is cut.
            chunk: Which chunk, from 0.
            sent: Bytes acknowledged in all.
            size: Bytes acknowledged with this one.
            attempts: How often it was sent.
            seconds: How long that took.
        """
        if self.runtime.emit is not None:
            self.runtime.emit(
                ChunkUploaded(
                    at=self.runtime.clock.now(),
                    open_id=self.open_id,
                    publish_id=self.publish_id,
                    chunk=chunk,
                    chunks=plan.count,
                    size=size,
                    sent=sent,
                    total=plan.size,
                    duration=timedelta(seconds=seconds),
                    attempts=attempts,
                )
            )

    def state(self, status: PublishStatus) -> None:
        """Tell that the post's state is another one."""
        if self.runtime.emit is not None:
            self.runtime.emit(
                PublishChanged(
                    at=self.runtime.clock.now(),
                    open_id=self.open_id,
                    publish_id=self.publish_id,
                    state=str(status.state),
                    fail_reason=None if status.fail_reason is None else str(status.fail_reason),
                )
            )


# 30 status calls a minute are allowed; most posts are through within one.
# https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
_FIRST_POLL = 2.0
_LONGEST_POLL = 30.0
_GROWTH = 1.5
# How long TikTok may not know an id that it has just given out; seen for seconds.
_UNKNOWN_ID_GRACE = 60.0
# How often in a row TikTok's address may give an answer that is not going to change, such as a 404: once is a
# deployment, three times over seconds is for good.
_MOST_PERMANENT = 3


@define(slots=True)
class _Problems:
    """What the last questions of a wait failed with.

    Attributes:
        last: The last one's error, if it failed.
        permanent: How many in a row failed in a way that time does not mend.
    """

    last: TikTokError | None = None
    permanent: int = 0

    def add(self, error: TikTokError, *, permanent: bool = False) -> None:
        """Take note of *error*."""
        self.last = error
        self.permanent = self.permanent + 1 if permanent else 0


def _longest(timeout: Duration | None) -> timedelta | None:
    checks = Checks()
    longest = checks.duration("timeout", timeout)
    checks.refuse("The end of a post cannot be waited for")
    return longest


class Publish:
    """A post that TikTok has accepted and not yet published; `Account.post_video` and its kin return one.

    It can be continued in another process: by the same call with the same `dedup_key`, or by `to_json()`, saved before
    the first byte moves and handed to `Account.publish`.

    Example:
        >>> async def post(account, path, post, job_id):
        ...     publish = await account.post_video(path, post, dedup_key=job_id)
        ...     return await publish.run()
    """

    def __init__(
        self,
        runtime: Runtime,
        credential: AccountCredential,
        record: PublishRecord,
        *,
        source: VideoSource | None = None,
        certain: bool = False,
    ) -> None:
        self._runtime = runtime
        self._credential = credential
        self._record = record
        self._source = source
        # Whether the record holds all that TikTok has acknowledged: true of a new one, false after a crash.
        self._certain = certain
        self._upload: Upload | None = None
        self._state: str | None = None
        self._telling = PublishEvents(runtime, credential.open_id, record.publish_id)

    def __repr__(self) -> str:
        upload = self._record.upload
        sent = "" if upload is None else f", sent={upload.sent}, size={upload.plan.size}"
        return f"Publish({self.publish_id!r}{sent})"

    @property
    def publish_id(self) -> str:
        """TikTok's id of this post."""
        return self._record.publish_id

    @property
    def plan(self) -> ChunkPlan | None:
        """How its video is cut; `None` where there is nothing to upload."""
        return None if self._record.upload is None else self._record.upload.plan

    @property
    def moved(self) -> int:
        """Bytes that TikTok has acknowledged, and those of the chunk under way that left for it.

        It is for a bar that moves within a chunk, and it goes back where a chunk has to be sent again.
        """
        acknowledged = 0 if self._record.upload is None else self._record.upload.sent
        return acknowledged if self._upload is None else self._upload.acknowledged + self._upload.under_way

    def to_json(self) -> str:
        """Return what another process needs to go on.

        It holds the upload address in clear, by which anybody can send this video's bytes for an hour: keep it as
        you keep a token.
        """
        return self._record.to_json()

    async def run(
        self,
        *,
        timeout: Duration | None = timedelta(minutes=30),  # noqa: ASYNC109 - as for `wait`
        on_progress: Callable[[UploadProgress], Awaitable[None] | None] | None = None,
        step: int = 1_000_000,
    ) -> PublishStatus:
        """Send what is left of the video, then wait until the post is published, or a draft is in the inbox.

        Breaking off is harmless, as for `upload`: call it again, here or in another process.

        Args:
            timeout: How long to wait at most once all bytes are sent; `None` for as long as it takes.
            on_progress: Called with the progress of the upload; it may be async.
            step: After how many bytes it is called, beside after each chunk.

        Returns:
            The last status, as `wait` does.

        Raises:
            UploadError: As `upload` raises, with the kinds of it.
            PublishFailed: TikTok did not publish it.
            PublishPending: The time is over and nothing is decided. That is no failure.

        Example:
            >>> async def post(account, path, post):
            ...     publish = await account.post_video(path, post, dedup_key="order-77")
            ...     return await publish.run(on_progress=lambda progress: print(progress.sent, progress.total))
        """
        longest = _longest(timeout)
        async with aclosing(self.upload(step=None if on_progress is None else step)) as uploading:
            async for progress in uploading:
                told = None if on_progress is None else on_progress(progress)
                if told is not None:
                    await told
        return await self.wait(longest)

    async def upload(self, *, step: int | None = None) -> AsyncGenerator[UploadProgress, None]:
        """Send the video's bytes, chunk by chunk; the source stays open until the last one, or until this is closed.

        What has been acknowledged is not sent again. Breaking off is harmless: call it again, here or in another
        process. A post without bytes to send, or with none left, yields nothing.

        Args:
            step: Tell the progress within a chunk, too, each time so many bytes more have left. `progress.state`
                changes with an acknowledged chunk alone.

        Yields:
            The progress after each chunk; save its `state`.

        Raises:
            UploadExpired: The hour in which an upload must finish is over.
            UploadRejected: The upload host refused, or the upload address is not TikTok's.
            SourceChanged: The source is not the one the upload began with.
            UploadError: It did not work in all attempts, or the source cannot be read; resume later.
            PublishFailed: TikTok gave the post up meanwhile.
            ConfigurationError: The source is missing, cannot be read, or the upload is running already; or *step* is no
                number of bytes.

        Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
        """
        checks = Checks()
        checks.whole("step", step, least=1)
        checks.refuse("The upload cannot begin")
        record = self._record.upload
        if record is None or record.sent >= record.plan.size:
            return
        plan, highest = record.plan, record.sent
        shown = highest
        if self._source is None:
            raise ConfigurationError(
                f"Publish {self.publish_id} has bytes to send and no source: `account.publish(state, source)`."
            )
        async with self._source.opened() as video:
            upload = await self._prepare(record, video)
            while upload.acknowledged < plan.size:
                started = self._runtime.clock.monotonic()
                if step is None:
                    await self._exclusively(upload)
                else:
                    async with aclosing(self._within_chunk(upload)) as moving:
                        async for moved in moving:
                            if moved >= shown + step:
                                shown = moved
                                yield self._progress(plan, plan.chunk_at(moved), moved)
                if upload.acknowledged <= highest:
                    continue
                before, highest = highest, upload.acknowledged
                shown = max(shown, highest)
                chunk = plan.chunk_at(highest - 1)
                self._telling.chunk(
                    plan,
                    chunk,
                    sent=highest,
                    size=highest - before,
                    attempts=upload.attempts,
                    seconds=self._runtime.clock.monotonic() - started,
                )
                yield self._progress(plan, chunk, shown)

    def _progress(self, plan: ChunkPlan, chunk: int, sent: int) -> UploadProgress:
        return UploadProgress(chunk=chunk, chunks=plan.count, sent=sent, total=plan.size, state=self._record.to_json())

    async def _within_chunk(self, upload: Upload) -> AsyncGenerator[int, None]:
        """Send the next chunk, and yield how many bytes have left each time there are more, but not its end."""
        news = asyncio.Event()
        sending = asyncio.ensure_future(self._exclusively(upload))
        sending.add_done_callback(lambda _: news.set())
        upload.on_moved = news.set
        try:
            while not sending.done():
                await news.wait()
                news.clear()
                moved = upload.acknowledged + upload.under_way
                end = upload.plan.range_of(upload.plan.chunk_at(upload.acknowledged)).stop
                if not sending.done() and upload.acknowledged < moved < end:
                    yield moved
            await sending
        finally:
            upload.on_moved = None
            sending.cancel()
            await asyncio.wait({sending})

    async def status(self) -> PublishStatus:
        """Ask TikTok where the post is.

        Raises:
            InvalidParams: TikTok does not know the post, or it is another account's.
        """
        response = await self._runtime.sender.call(
            Endpoint.STATUS_FETCH, credential=self._credential, json={"publish_id": self.publish_id}
        )
        status = read_status(response, open_id=self._credential.open_id)
        if status.state != self._state:
            self._state = str(status.state)
            self._telling.state(status)
        return status

    async def wait(self, timeout: Duration | None = timedelta(minutes=30)) -> PublishStatus:  # noqa: ASYNC109 - the end of a wait is a result here, not a cancellation
        """Wait until the post is published, or a draft is in its creator's inbox.

        It asks after 2 s, then less and less often, every 30 s at last. A webhook that is handed to
        `session.webhooks.handle` makes it ask at once.

        Args:
            timeout: How long at most, in seconds if it is a number; `None` for as long as it takes.

        Returns:
            The last status. `post_ids` may still be empty: they come with the moderation, and for public posts only.

        Raises:
            PublishFailed: TikTok did not publish it; `.reason`, `.retryable` and `.advice` say more.
            PublishPending: The time is over and nothing is decided. That is no failure: ask again later. Its
                `__cause__` is what the last question failed with, if it did.
            ServerError: TikTok's address gives, again and again, an answer that waiting does not change.
        """
        longest = _longest(timeout)
        clock = self._runtime.clock
        started = clock.monotonic()
        delay = _FIRST_POLL
        problems = _Problems()
        with self._runtime.wakeups.listen(self.publish_id) as wakeup:
            while True:
                status = await self._look(clock.monotonic() - started, problems)
                if status is not None and status.state == PublishState.FAILED:
                    raise failure_of(self.publish_id, status)
                if status is not None and status.succeeded:
                    return status
                waited = timedelta(seconds=clock.monotonic() - started)
                if longest is not None and waited >= longest:
                    raise PublishPending(self.publish_id, state=self._state, waited=waited, problem=problems.last)
                left = delay if longest is None else min(delay, (longest - waited).total_seconds())
                await wakeup.wait(left, clock)
                delay = min(delay * _GROWTH, _LONGEST_POLL)

    def notify(self) -> None:
        """Make a `wait` for this post ask TikTok at once, as when a webhook told of it."""
        self._runtime.wakeups.wake(self.publish_id)

    async def cancel(self) -> None:
        """Ask TikTok to stop fetching the post's media; the post then fails with `publish_cancelled`.

        It works for `PullFromUrl` only, and not near the download's end.

        Raises:
            InvalidParams: `publish_not_cancellable`: it is too late, or the video is uploaded rather than fetched.

        Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
        """
        await self._runtime.sender.call(
            Endpoint.PUBLISH_CANCEL, credential=self._credential, json={"publish_id": self.publish_id}
        )

    async def _look(self, waited: float, problems: "_Problems") -> PublishStatus | None:
        """Ask once; `None` where asking later may tell more."""
        try:
            status = await self.status()
        except InvalidParams as error:
            if not is_unknown_id(error) or waited >= _UNKNOWN_ID_GRACE:
                raise
            problems.add(error)
        except ServerError as error:
            # The post goes on whether or not TikTok can be asked about it.
            problems.add(error, permanent=not error.retryable and error.status < HTTPStatus.INTERNAL_SERVER_ERROR)
            if problems.permanent >= _MOST_PERMANENT:
                raise
        except (TransportError, RateLimited, RateLimitWaitExceeded) as error:
            problems.add(error)
        else:
            problems.last, problems.permanent = None, 0
            return status
        return None

    async def _prepare(self, record: UploadRecord, video: OpenVideo) -> Upload:
        """Look at the address and the source, and learn what TikTok has, before any byte moves."""
        runtime = self._runtime
        url = self._address(record)
        found = await video.fingerprint()
        if not found.matches(record.fingerprint):
            await self._compare(record, video, found)
            record = evolve(record, fingerprint=found)
            self._record = evolve(self._record, upload=record)
        upload = Upload(
            self._record,
            record,
            url,
            video,
            status=self.status,
            transport=runtime.transport,
            clock=runtime.clock,
            retry=runtime.retry,
        )
        if not self._certain:
            await upload.ask()
            self._record = self._record.with_sent(upload.acknowledged)
        return upload

    async def _compare(self, record: UploadRecord, video: OpenVideo, found: Fingerprint) -> None:
        """Compare the contents of a source that looks different: a file that was fetched again has another time.

        What was sent must be the same bytes; the rest is sent from this source alone.

        Raises:
            SourceChanged: Another part than the time differs.
        """
        began, what = record.fingerprint, self.publish_id
        if found.size != began.size:
            raise changed(f"it has {found.size} bytes and had {began.size}", what)
        if found.sample != began.sample:
            raise changed("its first or last 64 KiB differ", what)
        if record.sent > record.checked:
            raise changed("its time differs, and what was sent of it cannot be compared", what)
        digest, offset = "", 0
        while offset < record.checked:
            span = record.plan.range_of(record.plan.chunk_at(offset))
            async with aclosing(video.blocks(span, found)) as blocks:
                async for _ in blocks:
                    pass
            link = video.digest()
            digest, offset = chained(digest, b"" if link is None else link), span.stop
        if digest != record.digest:
            raise changed(f"bytes that were sent already, some of the first {record.checked}, differ", what)

    def check_address(self) -> None:
        """Refuse an upload address that no byte may go to.

        Raises:
            UploadRejected: It is one.
        """
        if self._record.upload is not None:
            self._address(self._record.upload)

    def _address(self, record: UploadRecord) -> URL:
        return check_upload_url(
            record.address.reveal(),
            hosts=self._runtime.upload_hosts,
            base_url=URL(self._runtime.base_url),
            publish_id=self.publish_id,
        )

    async def _exclusively(self, upload: Upload) -> None:
        if self._upload is not None:
            raise ConfigurationError(f"Publish {self.publish_id} is being uploaded already: one `upload()` at a time.")
        self._upload = upload
        self._certain = False
        try:
            await upload.next_chunk()
            self._certain = True
        finally:
            self._upload = None
            self._record = evolve(self._record, upload=upload.upload).with_sent(upload.acknowledged)
