"""One accepted post: its upload, its state, and its end."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus

from attrs import define, evolve, frozen
from yarl import URL

from tiktok_async._tokens.credentials import AccountCredential
from tiktok_async.api.display import videos
from tiktok_async.api.posting.posted import PostedIds
from tiktok_async.api.posting.rules.saved import Fingerprint, PublishRecord, UploadRecord, chained, title_digest
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
    ScopeNotAuthorized,
    ScopeNotGranted,
    ServerError,
    TikTokError,
    TransportError,
)
from tiktok_async.models import (
    AccountKey,
    ChunkPlan,
    ChunkUploaded,
    Endpoint,
    PublishChanged,
    PublishState,
    PublishStatus,
    UploadProgress,
    VideoField,
)
from tiktok_async.models._checks import Checks, Duration

__all__ = ["Publish", "PublishEvents"]


@frozen(slots=True)
class PublishEvents:
    """Emits the events of one publish.

    Attributes:
        runtime: The parts of the session.
        open_id: The account.
        publish_id: The post.
    """

    runtime: Runtime
    open_id: str
    publish_id: str

    def chunk(self, plan: ChunkPlan, chunk: int, *, sent: int, size: int, attempts: int, seconds: float) -> None:
        """Report that a chunk was acknowledged.

        Args:
            plan: The plan of the chunks.
            chunk: The number of the chunk, from 0.
            sent: Bytes acknowledged in total.
            size: Bytes acknowledged with this one.
            attempts: The number of attempts to send it.
            seconds: The time that took.
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
        """Report that the post's state has changed."""
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


# 30 status calls a minute are allowed; most posts are published within a minute.
# https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
_FIRST_POLL = 2.0
_LONGEST_POLL = 30.0
_GROWTH = 1.5
# For this time TikTok may not know an id that it has just given; some seconds have been seen.
_UNKNOWN_ID_GRACE = 60.0
# The number of permanent-looking answers in a row, such as a 404, after which a wait ends: a single one may come from
# a deployment.
_MOST_PERMANENT = 3


@define(slots=True)
class _Problems:
    """The errors of the last status calls of a wait.

    Attributes:
        last: The last one's error, if it failed.
        permanent: The number of calls in a row that failed in a permanent way.
    """

    last: TikTokError | None = None
    permanent: int = 0

    def add(self, error: TikTokError, *, permanent: bool = False) -> None:
        """Add *error*."""
        self.last = error
        self.permanent = self.permanent + 1 if permanent else 0


# How many videos since the post are looked through for it.
_MOST_LISTED = 100


def _longest(timeout: Duration | None) -> timedelta | None:
    checks = Checks()
    longest = checks.duration("timeout", timeout)
    checks.refuse("This wait cannot begin")
    return longest


class Publish:
    """A post that TikTok has accepted; `Account.post_video` and similar methods return one.

    Another process can continue it: by the same call with the same `dedup_key`, or by giving `to_json()`, saved before
    the first byte is sent, to `Account.publish`.

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
        # Whether the record holds all acknowledged bytes: true for a new one, false after a crash.
        self._certain = certain
        self._upload: Upload | None = None
        self._state: str | None = None
        self._telling = PublishEvents(runtime, credential.open_id, record.publish_id)
        key = AccountKey(runtime.client_key, credential.open_id)
        self._posted = PostedIds(runtime.store, key, record.publish_id)

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
        """The plan of its chunks; `None` if there is nothing to upload."""
        return None if self._record.upload is None else self._record.upload.plan

    @property
    def moved(self) -> int:
        """Acknowledged bytes, plus the bytes of the current chunk that were sent.

        It is for a progress bar that moves within a chunk, and it falls when a chunk must be sent again.
        """
        acknowledged = 0 if self._record.upload is None else self._record.upload.sent
        return acknowledged if self._upload is None else self._upload.acknowledged + self._upload.under_way

    def to_json(self) -> str:
        """Return the saved form, from which another process can continue.

        It holds the upload address in plain text, with which anyone can send this video's bytes for an hour: protect
        it like a token.
        """
        return self._record.to_json()

    async def run(
        self,
        *,
        timeout: Duration | None = timedelta(minutes=30),  # noqa: ASYNC109 - as for `wait`
        on_progress: Callable[[UploadProgress], Awaitable[None] | None] | None = None,
        step: int = 1_000_000,
    ) -> PublishStatus:
        """Send the rest of the video, then wait until the post is published, or a draft is in the inbox.

        Ending it early is harmless, as for `upload`: call it again, here or in another process.

        Args:
            timeout: The longest wait after all bytes are sent; `None` waits without a limit.
            on_progress: Called with the progress of the upload; it may be async.
            step: The number of bytes after which it is called, in addition to the end of each chunk.

        Returns:
            The last status, as from `wait`.

        Raises:
            UploadError: As from `upload`, with its subclasses.
            PublishFailed: TikTok did not publish it.
            PublishPending: The time has passed without a result. That is not a failure.

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
        """Send the video's bytes in chunks; the source stays open until the last one, or until this is closed.

        Acknowledged bytes are not sent again. Ending it early is harmless: call it again, here or in another process.
        If no bytes are left to send, it yields nothing.

        Args:
            step: Also yield the progress within a chunk, each time this number of bytes was sent. `progress.state`
                changes only with an acknowledged chunk.

        Yields:
            The progress after each chunk; save its `state`.

        Raises:
            UploadExpired: The hour in which an upload must finish has passed.
            UploadRejected: The upload host refused, or the upload address is not TikTok's.
            SourceChanged: The source is not the one with which the upload began.
            UploadError: All attempts failed, or the source cannot be read; resume later.
            PublishFailed: TikTok gave up the post meanwhile.
            ConfigurationError: The source is missing or cannot be read, the upload is already running, or *step* is not
                a number of bytes.

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
                f"Publish {self.publish_id} has bytes to send, but no source: `account.publish(state, source)`."
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
        """Send the next chunk, and yield the number of sent bytes each time it grows, but not at the end."""
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
        """Ask TikTok for the state of the post.

        Raises:
            InvalidParams: TikTok does not know the post, or it belongs to another account.
        """
        response = await self._runtime.sender.call(
            Endpoint.STATUS_FETCH, credential=self._credential, json={"publish_id": self.publish_id}
        )
        status = read_status(response, open_id=self._credential.open_id)
        if status.state != self._state:
            self._state = str(status.state)
            self._telling.state(status)
        await self._posted.learn(*status.post_ids)
        return status

    async def find_post_ids(self) -> tuple[str, ...]:
        """Return the ids of the public post, as soon as anybody knows them; none before.

        TikTok gives them out after its moderation, which may be long after `wait` has returned, and for public posts
        only. They are kept in the session's store for 90 days when `status` brings them, or a webhook that is
        handed to `session.webhooks.handle`, in any process. While none is kept, this asks for the status, and then
        looks into the listing of videos, where the scope `video.list` was granted: a direct post to everyone
        with a title is known there by its title and its time, if no other video has both.

        Raises:
            InvalidParams: TikTok does not know the post, or it is another account's.
            StoreError: The store failed.

        Example:
            >>> async def link(account, publish_id, username):
            ...     ids = await account.publish(publish_id).find_post_ids()
            ...     return [video_url(username, post_id) for post_id in ids]
        """
        known = await self._posted.find()
        if known:
            return known
        status = await self.status()
        if not status.post_ids and status.state == PublishState.PUBLISH_COMPLETE:
            await self._posted.learn(*await self._listed())
        return await self._posted.find() or status.post_ids

    async def _listed(self) -> tuple[str, ...]:
        record = self._record
        if record.title is None or record.started_at is None:
            return ()
        listing = videos(
            self._runtime.sender,
            self._credential,
            clock=self._runtime.clock,
            fields=(VideoField.TITLE, VideoField.VIDEO_DESCRIPTION),
            # TikTok's clock and this one's may be apart.
            since=record.started_at - timedelta(minutes=1),
            before=None,
            limit=_MOST_LISTED,
            page_size=20,
            cursor=None,
            read_ahead=0,
        )
        try:
            found = [
                video.id
                async for video in listing
                if record.title in {title_digest(video.title), title_digest(video.video_description)}
            ]
        except (ScopeNotGranted, ScopeNotAuthorized):
            return ()
        return tuple(found) if len(found) == 1 else ()

    async def wait(self, timeout: Duration | None = timedelta(minutes=30)) -> PublishStatus:  # noqa: ASYNC109 - the end of a wait is a result here, not a cancellation
        """Wait until the post is published, or a draft is in its creator's inbox.

        It asks after 2 s, then at growing intervals of up to 30 s. A webhook given to `session.webhooks.handle` makes
        it ask at once.

        Args:
            timeout: The longest wait, in seconds if it is a number; `None` waits without a limit.

        Returns:
            The last status. `post_ids` may still be empty: public posts get one after the moderation, others none.

        Raises:
            PublishFailed: TikTok did not publish it; `.reason`, `.retryable` and `.advice` say more.
            PublishPending: The time has passed without a result. That is not a failure: ask again later. Its
                `__cause__` is the error of the last status call, if it failed.
            ServerError: Several answers in a row were errors that waiting does not change.
        """
        longest = _longest(timeout)
        clock = self._runtime.clock
        started = clock.monotonic()
        delay = _FIRST_POLL
        problems = _Problems()
        with self._runtime.wakeups.listen(self.publish_id) as wakeup:
            while True:
                status = await self._ask(clock.monotonic() - started, problems)
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
        """Make a `wait` for this post ask TikTok at once, as after a webhook about it."""
        self._runtime.wakeups.wake(self.publish_id)

    async def cancel(self) -> None:
        """Ask TikTok to stop fetching the post's media; the post then fails with `publish_cancelled`.

        It works only for `PullFromUrl`, and not near the end of the download.

        Raises:
            InvalidParams: `publish_not_cancellable`: it is too late, or the video is uploaded, not fetched.

        Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
        """
        await self._runtime.sender.call(
            Endpoint.PUBLISH_CANCEL, credential=self._credential, json={"publish_id": self.publish_id}
        )

    async def _ask(self, waited: float, problems: "_Problems") -> PublishStatus | None:
        """Ask once; `None` if a later call may give a result."""
        try:
            status = await self.status()
        except InvalidParams as error:
            if not is_unknown_id(error) or waited >= _UNKNOWN_ID_GRACE:
                raise
            problems.add(error)
        except ServerError as error:
            # A failed status call does not affect the post.
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
        """Check the address and the source, and get the offset from TikTok, before any byte is sent."""
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
        """Compare the contents of a source whose state differs: a file that was downloaded again has another time.

        The bytes already sent must be the same; the rest is sent from this source.

        Raises:
            SourceChanged: More than the time differs.
        """
        began, what = record.fingerprint, self.publish_id
        if found.size != began.size:
            raise changed(f"it has {found.size} bytes and had {began.size}", what)
        if found.sample != began.sample:
            raise changed("its first or last 64 KiB differ", what)
        if record.sent > record.checked:
            raise changed("its time differs, and the bytes already sent cannot be compared", what)
        digest, offset = "", 0
        while offset < record.checked:
            span = record.plan.range_of(record.plan.chunk_at(offset))
            async with aclosing(video.blocks(span, found)) as blocks:
                async for _ in blocks:
                    pass
            link = video.digest()
            digest, offset = chained(digest, b"" if link is None else link), span.stop
        if digest != record.digest:
            raise changed(f"some of the first {record.checked} bytes, which were sent already, differ", what)

    def check_address(self) -> None:
        """Refuse an upload address to which bytes must not be sent.

        Raises:
            UploadRejected: The address is not allowed.
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
            raise ConfigurationError(f"Publish {self.publish_id} is already being uploaded: one `upload()` at a time.")
        self._upload = upload
        self._certain = False
        try:
            await upload.next_chunk()
            self._certain = True
        finally:
            self._upload = None
            self._record = evolve(self._record, upload=upload.upload).with_sent(upload.acknowledged)
