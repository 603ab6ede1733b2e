"""Sync of many accounts in one process: results are yielded as they come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from datetime import datetime

from attrs import evolve, frozen

from tiktok_async.abc import CheckpointStore
from tiktok_async.api.account import Account
from tiktok_async.errors import CheckpointConflict, ConfigurationError, SessionClosed, TikTokError, WrongEventLoop
from tiktok_async.models import AccountKey, Checkpoint, Video, VideoField
from tiktok_async.models._checks import Checks, Duration, Moment
from tiktok_async.session import TikTokSession
from tiktok_async.sync import _rules as rules
from tiktok_async.sync._plan import EVERY, LOOK_BACK, NEEDS_LOGIN, Plan, unlisted
from tiktok_async.sync._results import SyncResult

_Accounts = Iterable[Account | str] | AsyncIterable[Account | str]


async def sync_videos(
    session: TikTokSession,
    *,
    accounts: _Accounts | None = None,
    since: Moment | Mapping[str, Moment] | None = None,
    concurrency: int = 32,
    fields: Iterable[VideoField | str] | None = None,
    checkpoints: CheckpointStore | None = None,
    look_back: Duration = LOOK_BACK,
) -> AsyncGenerator[SyncResult, None]:
    """Yield the videos of many accounts, one result for each account, as they come.

    If an account fails, its result has the `error`; the other accounts go on. Accounts are read when they are needed.
    At most *concurrency* of them are in work or wait for the consumer, so a slow consumer slows the listing down. If
    the loop ends early, no task stays behind; use `contextlib.aclosing` to end the tasks at once.

    With *checkpoints* the sync is incremental: a result has the videos that are new since the last run, the videos
    within the look-back that changed, and the ids of videos that are no longer listed. A checkpoint is saved when the
    *next* result is asked for: after a crash of the loop, the result in work comes again. An account whose user has to
    log in again is reported once, and not in each run.

    Args:
        session: The session.
        accounts: Accounts or open_ids, from any iterable, sync or async; `None` for all stored accounts.
        since: Only videos posted at or after this moment: an aware datetime, a date (its beginning in UTC) or a
            timedelta (back from now). Or a mapping from open_id to such a moment, for instance the `watermark` of the
            last run. `None` for all videos, or all since the checkpoint.
        concurrency: How many accounts at a time, at least 1.
        fields: Which fields; `None` for all.
        checkpoints: The checkpoint store; it makes the sync incremental.
        look_back: With *checkpoints*: how far back, from now, to look for changed and missing videos.

    Raises:
        ConfigurationError: An argument is not valid.
        StoreError: The accounts or the checkpoints cannot be read or written.
        SessionClosed: The session was closed meanwhile.

    Example:
        >>> async def save_all(session, save):
        ...     async for result in sync_videos(session, concurrency=64):
        ...         if result.error is None:
        ...             await save(result.account.open_id, result.videos)
    """
    now = session.clock.now()
    checks = Checks()
    checks.whole("concurrency", concurrency, least=1, optional=False)
    checks.names("fields", fields)
    checks.names("accounts", accounts)
    back = checks.duration("look_back", look_back)
    began: datetime | Mapping[str, datetime] | None
    if isinstance(since, Mapping):
        found = {open_id: checks.moment(f"since[{open_id!r}]", each, now=now) for open_id, each in since.items()}
        began = {open_id: each for open_id, each in found.items() if each is not None}
    else:
        began = checks.moment("since", since, now=now)
    checks.refuse("The videos cannot be synced")
    run = _Run(
        session=session,
        checkpoints=checkpoints,
        since=began,
        plan=Plan.of(
            every=EVERY,
            look_back=LOOK_BACK if back is None else back,
            since=began if isinstance(began, datetime) else None,
            fields=fields,
            now=now,
        ),
    )
    source = _each(session, accounts)
    turn, slots = asyncio.Lock(), asyncio.Semaphore(concurrency)
    ready: asyncio.Queue[_Done | None] = asyncio.Queue()

    async def work() -> None:
        while True:
            await slots.acquire()
            async with turn:
                account = await anext(source, None)
            if account is None:
                return
            done = await run.one(account)
            if done is None:
                slots.release()
            else:
                ready.put_nowait(done)

    workers = [asyncio.create_task(work()) for _ in range(concurrency)]
    for worker in workers:
        worker.add_done_callback(lambda _: ready.put_nowait(None))
    left = concurrency
    try:
        while left:
            done = await ready.get()
            slots.release()
            if done is None:
                left -= 1
                _raise_if_failed(workers)
            else:
                yield done.result
                await run.confirm(done)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
        await source.aclose()


def _raise_if_failed(workers: Iterable["asyncio.Task[None]"]) -> None:
    for worker in workers:
        if worker.done() and not worker.cancelled() and (error := worker.exception()) is not None:
            raise error


async def _each(session: TikTokSession, accounts: _Accounts | None) -> AsyncGenerator[Account, None]:
    if accounts is None:
        async for account in session.accounts():
            yield account
    elif isinstance(accounts, str):
        msg = "accounts takes several accounts or open_ids, such as a list, not one str."
        raise ConfigurationError(msg)
    elif isinstance(accounts, AsyncIterable):
        async for each in accounts:
            yield session.account(each) if isinstance(each, str) else each
    else:
        for each in accounts:
            yield session.account(each) if isinstance(each, str) else each


@frozen
class _Done:
    """A result, and the checkpoint to save once the consumer has it."""

    result: SyncResult
    checkpoint: Checkpoint | None = None


@frozen(kw_only=True)
class _Run:
    session: TikTokSession
    checkpoints: CheckpointStore | None
    since: datetime | Mapping[str, datetime] | None
    plan: Plan

    async def one(self, account: Account) -> _Done | None:
        """Sync one account; return `None` if there is nothing to report."""
        since = self.since.get(account.open_id) if isinstance(self.since, Mapping) else self.since
        plan = evolve(self.plan, since=since)
        if self.checkpoints is None:
            return await self._plain(account, plan)
        key = AccountKey(self.session.client_key, account.open_id)
        found = await self.checkpoints.get(key)
        return await self._incremental(account, plan, found or Checkpoint(key=key, due_at=self.session.clock.now()))

    async def _plain(self, account: Account, plan: Plan) -> _Done:
        try:
            videos = tuple(await account.videos(since=plan.since, fields=plan.fields).collect())
        except (SessionClosed, WrongEventLoop, ConfigurationError):
            raise
        except TikTokError as error:
            return _Done(SyncResult(account=account, error=error, watermark=plan.since))
        # Newest first, as TikTok lists them: https://developers.tiktok.com/doc/tiktok-api-v2-video-list
        watermark = next((video.create_time for video in videos if video.create_time is not None), plan.since)
        return _Done(SyncResult(account=account, videos=videos, watermark=watermark))

    async def _incremental(self, account: Account, plan: Plan, checkpoint: Checkpoint) -> _Done | None:
        now = self.session.clock.now()
        # A round that a worker did not finish began with pages that this process has not seen.
        begun = rules.begin(evolve(checkpoint, began_at=None), now)
        changed: list[Video] = []
        try:
            start = rules.start_of(begun, plan.look_back, plan.since)
            async for page in account.videos(since=start, fields=plan.fields).pages():
                begun, new = rules.take(begun, page.items, plan.look_back)
                changed += new
            found, gone = await unlisted(account, begun, plan)
        except (SessionClosed, WrongEventLoop, ConfigurationError):
            raise
        except NEEDS_LOGIN as error:
            if checkpoint.login_needed:
                return None
            result = SyncResult(account=account, error=error, watermark=checkpoint.watermark)
            return _Done(result, evolve(checkpoint, login_needed=True))
        except TikTokError as error:
            return _Done(SyncResult(account=account, error=error, watermark=checkpoint.watermark))
        begun, new = rules.take(begun, found, plan.look_back)
        after = rules.finish(begun, now, every=plan.every, look_back=plan.look_back)
        result = SyncResult(account=account, videos=(*changed, *new), watermark=after.watermark, gone=gone)
        return _Done(result, after)

    async def confirm(self, done: _Done) -> None:
        """Save the new checkpoint, unless another process saved one meanwhile."""
        if self.checkpoints is not None and done.checkpoint is not None:
            try:
                await self.checkpoints.put(done.checkpoint, expected_version=done.checkpoint.version)
            except CheckpointConflict:
                return
