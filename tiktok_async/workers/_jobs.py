"""What a worker does with a job, and what a cron does each minute. It is the same on every engine."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import timedelta

from attrs import frozen

from tiktok_async.abc import CheckpointStore
from tiktok_async.models import SyncState
from tiktok_async.session import TikTokSession
from tiktok_async.sync import Handler, due_accounts, sync_account

_log = logging.getLogger("tiktok_async.sync")


@frozen(kw_only=True)
class SyncJobs:
    """What each worker process opens once, and what its jobs do with it.

    Attributes:
        session: The session. A fleet needs a shared token store and a shared limiter.
        checkpoints: The checkpoint store.
        handler: Gets new, changed and missing videos; must be idempotent.
        every: How often each account is synced.
        look_back: How far back to look for changed and missing videos.
        again_after: After how long an account is sent again if its job is not done.
        lease: How long an account stays leased after its worker died.

    Example:
        >>> @asynccontextmanager
        ... async def opened():
        ...     async with TikTokSession.from_env() as session, SQLiteVideoTable("videos.db") as table:
        ...         async with aclosing(open_checkpoints("redis://localhost/0")) as checkpoints:
        ...             yield SyncJobs(session=session, checkpoints=checkpoints, handler=table.write)
    """

    session: TikTokSession
    checkpoints: CheckpointStore
    handler: Handler
    every: timedelta = timedelta(hours=12)
    look_back: timedelta = timedelta(days=30)
    again_after: timedelta = timedelta(minutes=10)
    lease: timedelta = timedelta(seconds=60)

    async def sync(self, open_id: str, checkpoint_id: str | None = None) -> str:
        """Do one job; see `sync_account`. It is safe to run it twice, late or never, and engines need no retries.

        Args:
            open_id: The account.
            checkpoint_id: The round; `None` for a job that the reconciler did not make.

        Returns:
            The `SyncState` in which it ended, as a plain `str`.

        Raises:
            StoreError: The checkpoints cannot be reached.
        """
        done = await sync_account(
            self.session,
            open_id,
            self.handler,
            self.checkpoints,
            checkpoint_id=checkpoint_id,
            every=self.every,
            look_back=self.look_back,
            lease=self.lease,
        )
        if done.state is SyncState.LOGIN_NEEDED and done.error is not None:
            _log.warning("account %s: %s", open_id, done.error)
        return done.state.value

    async def reconcile(self, send: Callable[[str, str], Awaitable[object]], *, limit: int | None = None) -> int:
        """Send a job for each account that is due. A cron calls it each minute; several calls may run at once.

        Args:
            send: Puts a job into the engine's queue: an open_id and a checkpoint_id.
            limit: The most jobs to send; `None` for all that are due.

        Returns:
            How many jobs were sent.

        Raises:
            StoreError: A store cannot be reached.
        """
        sent = 0
        due = due_accounts(self.session, self.checkpoints, every=self.every, again_after=self.again_after, limit=limit)
        async with aclosing(due) as accounts:
            async for account in accounts:
                await send(account.open_id, account.checkpoint_id)
                sent += 1
        return sent


OpenJobs = Callable[[], AbstractAsyncContextManager[SyncJobs]]
"""Opens what a worker process needs, and closes it when the process ends."""
