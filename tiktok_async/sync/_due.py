"""Which accounts are due: the reconciler, which a cron of any engine can call."""

from collections.abc import AsyncGenerator
from datetime import timedelta

from tiktok_async.abc import CheckpointStore
from tiktok_async.errors import CheckpointConflict, LeaseUnavailable
from tiktok_async.models import AccountKey, Checkpoint, DueAccount
from tiktok_async.models._arguments import checked
from tiktok_async.models._checks import Checks, Duration
from tiktok_async.session import TikTokSession
from tiktok_async.sync import _rules as rules
from tiktok_async.sync._plan import EVERY, lengths

_AGAIN_AFTER = timedelta(minutes=10)
_BATCH_SIZE = 200
_LEASE = timedelta(minutes=5)

# The enrolment has its own checkpoint. No open_id of TikTok looks like its key.
_ENROLMENT_KEY = "*"
_ENROLMENTS_EACH_INTERVAL = 12


@checked("The due accounts cannot be found")
async def due_accounts(
    session: TikTokSession,
    checkpoints: CheckpointStore,
    *,
    every: Duration = EVERY,
    again_after: Duration = _AGAIN_AFTER,
    limit: int | None = None,
) -> AsyncGenerator[DueAccount, None]:
    """Yield the accounts that are due, longest overdue first; call it each minute, and send a job for each account.

    After it was yielded, an account is due again *again_after* later, unless its job is done by then. So a job that an
    engine loses is only late, and a queue that is behind is not filled with the same accounts again and again. If
    several reconcilers run at once, only one of them gets each account.

    Each account has its own slot in the interval, by a hash of its open_id. Half a million accounts are spread evenly,
    and return to their slots after an outage. Twelve times in each interval, it looks for accounts of the token store
    that have no checkpoint yet. To sync such an account sooner, send its job when its user logs in.

    Args:
        session: The session; its accounts are synced.
        checkpoints: The checkpoint store.
        every: How often each account is synced.
        again_after: After how long an account is yielded again if its job is not done.
        limit: The most accounts to yield; `None` for all that are due.

    Raises:
        ConfigurationError: An argument is not valid.
        StoreError: A store cannot be reached.

    Example:
        >>> async def reconcile(session, checkpoints, send):
        ...     async for due in due_accounts(session, checkpoints, limit=10_000):
        ...         await send(due.open_id, due.checkpoint_id)
    """
    checks = Checks()
    interval, pause = lengths(checks, every=every, again_after=again_after)
    checks.whole("limit", limit, least=1)
    checks.refuse("The due accounts cannot be found")
    now = session.clock.now()
    if await checkpoints.get(AccountKey(session.client_key, _ENROLMENT_KEY)) is None:
        await _enrol_missing(session, checkpoints, interval)
    left = limit
    while left is None or left > 0:
        wanted = _BATCH_SIZE if left is None else min(left, _BATCH_SIZE)
        batch = await checkpoints.take_due(session.client_key, before=now, until=now + pause, limit=wanted)
        for due in batch:
            if due.open_id == _ENROLMENT_KEY:
                await _enrol_missing(session, checkpoints, interval)
            else:
                yield due
        if len(batch) < wanted:
            return
        left = None if left is None else left - len(batch)


@checked("The accounts cannot be enrolled")
async def enrol_accounts(session: TikTokSession, checkpoints: CheckpointStore, *, every: Duration = EVERY) -> int:
    """Add a checkpoint, due at its slot, for each account that has none; `due_accounts` calls this by itself.

    Args:
        session: The session; its accounts are enrolled.
        checkpoints: The checkpoint store.
        every: How often each account is synced.

    Returns:
        How many checkpoints were added.

    Raises:
        StoreError: A store cannot be reached.
    """
    checks = Checks()
    (interval,) = lengths(checks, every=every)
    checks.refuse("The accounts cannot be enrolled")
    now, new, batch = session.clock.now(), 0, list[Checkpoint]()
    async for account in session.accounts():
        key = AccountKey(session.client_key, account.open_id)
        batch.append(Checkpoint(key=key, due_at=rules.slot_after(account.open_id, now, interval)))
        if len(batch) == _BATCH_SIZE:
            new += await checkpoints.add(batch)
            batch = []
    return new + await checkpoints.add(batch)


async def _enrol_missing(session: TikTokSession, checkpoints: CheckpointStore, every: timedelta) -> None:
    key = AccountKey(session.client_key, _ENROLMENT_KEY)
    try:
        async with checkpoints.lease(key, ttl=_LEASE, wait=timedelta(0)):
            await enrol_accounts(session, checkpoints, every=every)
            before = await checkpoints.get(key) or Checkpoint(key=key, due_at=session.clock.now())
            again = session.clock.now() + every / _ENROLMENTS_EACH_INTERVAL
            after = Checkpoint(key=key, due_at=again, round=before.round + 1)
            await checkpoints.put(after, expected_version=before.version)
    except (LeaseUnavailable, CheckpointConflict):
        return  # another reconciler enrols them
