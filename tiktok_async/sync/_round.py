"""One account's round under its lease, page by page, from one checkpoint to the next."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from datetime import datetime
from typing import TypeVar

from attrs import define, evolve, frozen

from tiktok_async._concurrency.lease import LeaseKeeper
from tiktok_async.abc import CheckpointStore, Clock
from tiktok_async.api.account import Account
from tiktok_async.errors import (
    AccountNotFound,
    CheckpointConflict,
    ConfigurationError,
    SessionClosed,
    TikTokError,
    WrongEventLoop,
)
from tiktok_async.models import AccountSync, Checkpoint, SyncState, Video
from tiktok_async.sync import _rules as rules
from tiktok_async.sync._plan import NEEDS_LOGIN, Plan, unlisted
from tiktok_async.sync._results import SyncPage

T = TypeVar("T")

Handler = Callable[[SyncPage], Awaitable[object]]
"""Gets the pages of a round, one by one. After a crash it may get a page again, so it must be idempotent."""

_log = logging.getLogger("tiktok_async.sync")


class _Refused(Exception):
    """TikTok, the network or the token store failed; errors that the handler raises are not wrapped."""

    def __init__(self, error: TikTokError) -> None:
        self.error = error
        super().__init__()


class _TakenOver(Exception):
    """The lease was lost."""


@define
class _RoundProgress:
    """The progress of the round."""

    checkpoint: Checkpoint
    pages: int = 0
    videos: int = 0
    gone: int = 0

    def result(self, state: SyncState, error: TikTokError | None = None) -> AccountSync:
        return AccountSync(
            open_id=self.checkpoint.key.open_id,
            state=state,
            pages=self.pages,
            videos=self.videos,
            gone=self.gone,
            watermark=self.checkpoint.watermark,
            error=error,
        )


@frozen(kw_only=True)
class Round:
    """Works on one account while its lease is held."""

    account: Account
    checkpoints: CheckpointStore
    handler: Handler
    held: LeaseKeeper
    clock: Clock
    plan: Plan

    async def run(self, checkpoint: Checkpoint) -> AccountSync:
        """Do the round, or the rest of it; see `sync_account`."""
        progress = _RoundProgress(rules.begin(checkpoint, self.clock.now()))
        try:
            await self._work(progress)
        except (CheckpointConflict, _TakenOver):
            return progress.result(SyncState.BUSY)
        except _Refused as refused:
            return await self._refused(progress, refused.error)
        return progress.result(SyncState.SYNCED)

    async def _work(self, progress: _RoundProgress) -> None:
        start = rules.start_of(progress.checkpoint, self.plan.look_back, self.plan.since)
        listing = self.account.videos(since=start, cursor=progress.checkpoint.cursor, fields=self.plan.fields)
        async with aclosing(listing.pages()) as pages:
            while (page := await _from_tiktok(anext(pages, None))) is not None:
                if progress.pages:
                    # The handler has the page before. For the last page, the checkpoint at the round's end says so.
                    await self._save(progress, progress.checkpoint, self.clock.now() + self.plan.lease)
                if not await self.held.covers(0):
                    raise _TakenOver
                await self._hand_over(progress, page.items)
                progress.checkpoint = evolve(progress.checkpoint, cursor=page.cursor)
                progress.pages += 1
        found, gone = await _from_tiktok(unlisted(self.account, progress.checkpoint, self.plan))
        await self._hand_over(progress, found, gone)
        end = rules.finish(progress.checkpoint, self.clock.now(), every=self.plan.every, look_back=self.plan.look_back)
        await self._save(progress, end, end.due_at)

    async def _hand_over(self, progress: _RoundProgress, videos: Iterable[Video], gone: tuple[str, ...] = ()) -> None:
        progress.checkpoint, changed = rules.take(progress.checkpoint, videos, self.plan.look_back)
        if changed or gone:
            await self.handler(SyncPage(account=self.account, videos=changed, gone=gone))
        progress.videos += len(changed)
        progress.gone += len(gone)

    async def _save(self, progress: _RoundProgress, checkpoint: Checkpoint, due_at: datetime) -> None:
        progress.checkpoint = await self.checkpoints.put(
            evolve(checkpoint, due_at=due_at), expected_version=progress.checkpoint.version
        )

    async def _refused(self, progress: _RoundProgress, error: TikTokError) -> AccountSync:
        now = self.clock.now()
        if isinstance(error, AccountNotFound):
            await self.checkpoints.delete(progress.checkpoint.key)
            return progress.result(SyncState.DISCONNECTED)
        if isinstance(error, NEEDS_LOGIN):
            told = progress.checkpoint.login_needed
            at = rules.next_due(self.account.open_id, now, self.plan.every)
            end = progress.result(SyncState.LOGIN_NEEDED, None if told else error)
            after = evolve(progress.checkpoint, login_needed=True)
        else:
            failures = progress.checkpoint.failures + 1
            at = now + rules.pause_after(failures, self.plan.every, self.clock.random())
            end = progress.result(SyncState.FAILED, error)
            after = evolve(progress.checkpoint, failures=failures)
            _log.warning("account %s was not synced and is due again at %s: %s", self.account.open_id, at, error)
        try:
            await self._save(progress, after, at)
        except CheckpointConflict:
            return progress.result(SyncState.BUSY)
        return end


async def _from_tiktok(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except (SessionClosed, WrongEventLoop, ConfigurationError):
        raise
    except TikTokError as error:
        raise _Refused(error) from None
