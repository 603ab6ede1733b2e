"""One account's round: take its lease, start at its checkpoint and save the next checkpoint."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import timedelta

from tiktok_async._concurrency.lease import LeaseKeeper
from tiktok_async.abc import CheckpointStore
from tiktok_async.errors import LeaseUnavailable
from tiktok_async.models import AccountKey, AccountSync, Checkpoint, SyncState, VideoField
from tiktok_async.models._arguments import checked
from tiktok_async.models._checks import Duration, Moment
from tiktok_async.session import TikTokSession
from tiktok_async.sync._plan import EVERY, LOOK_BACK, Plan
from tiktok_async.sync._round import Handler, Round

__all__ = ["Handler", "sync_account"]

_LEASE = timedelta(seconds=60)


@checked("The account cannot be synced")
async def sync_account(
    session: TikTokSession,
    open_id: str,
    handler: Handler,
    checkpoints: CheckpointStore,
    *,
    checkpoint_id: str | None = None,
    every: Duration = EVERY,
    look_back: Duration = LOOK_BACK,
    since: Moment | None = None,
    fields: Iterable[VideoField | str] | None = None,
    lease: Duration = _LEASE,
) -> AccountSync:
    """Bring an account's videos up to date: the job of a worker.

    It takes the account's lease and continues from the account's checkpoint, even in the middle of a round whose
    worker died. If the job runs twice at once, one run finds the lease taken and does nothing. If it runs twice in a
    row, the second run finds that the round is done. If it runs late or never, the reconciler sends it again.

    A failure of TikTok or of the network is a result, not an exception, and it sets the account's next try. The
    engine needs no retries.

    Args:
        session: The session.
        open_id: The account.
        handler: Awaited with each page of videos that are new or changed, and with the ids that are no longer
            listed. It must be idempotent: after a crash it gets a page again. An error that it raises ends the call.
        checkpoints: The checkpoint store.
        checkpoint_id: The round that the job was made for, as `due_accounts` gave it; `None` does a round now.
        every: How often each account is synced.
        look_back: How far back, from now, to look for changed and missing videos.
        since: Only videos posted since then: an aware datetime, a date, or a timedelta back from now. With `None`, the
            first round goes back to the account's first video.
        fields: Which fields; `None` for all.
        lease: How long the account stays leased after this worker died. It must be less than the reconciler's
            *again_after*, or the next job still finds the lease taken. It is renewed while the work goes on.

    Returns:
        What was done.

    Raises:
        ConfigurationError: An argument is not valid.
        StoreError: The checkpoints cannot be read or written.
        SessionClosed: The session was closed meanwhile.

    Example:
        >>> async def job(session, checkpoints, open_id, checkpoint_id):
        ...     async def handler(page):
        ...         print(page.account.open_id, len(page.videos), page.gone)
        ...
        ...     await sync_account(session, open_id, handler, checkpoints, checkpoint_id=checkpoint_id)
    """
    plan = Plan.of(every=every, look_back=look_back, since=since, fields=fields, lease=lease, now=session.clock.now())
    account = session.account(open_id)
    key = AccountKey(session.client_key, open_id)
    async with AsyncExitStack() as stack:
        try:
            taken = await stack.enter_async_context(checkpoints.lease(key, ttl=plan.lease, wait=timedelta(0)))
        except LeaseUnavailable:
            return AccountSync(open_id=open_id, state=SyncState.BUSY)
        held = LeaseKeeper(taken, session.clock, plan.lease)
        await stack.enter_async_context(held.kept())
        checkpoint = await checkpoints.get(key) or Checkpoint(key=key, due_at=session.clock.now())
        if checkpoint_id is not None and checkpoint_id != checkpoint.id:
            return AccountSync(open_id=open_id, state=SyncState.NOT_DUE, watermark=checkpoint.watermark)
        work = Round(
            account=account, checkpoints=checkpoints, handler=handler, held=held, clock=session.clock, plan=plan
        )
        return await work.run(checkpoint)
