"""Renewing tokens before anybody needs them: one sweep, and sweeping in the background."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from attrs import Factory, define

from tiktok_async._tokens.manager import TokenManager
from tiktok_async.abc import Clock
from tiktok_async.errors import AccountNotFound, LeaseUnavailable, SessionClosed, StoreError, TikTokError
from tiktok_async.models import AccountKey, RefreshReport

_log = logging.getLogger("tiktok_async.tokens")

_MOST_FAILURES = 100


def _no_failures() -> list[tuple[str, TikTokError]]:
    return []


@define
class _SweepCounts:
    """Counts what the workers of one sweep did."""

    refreshed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[tuple[str, TikTokError]] = Factory(_no_failures)

    def fail(self, open_id: str, error: TikTokError) -> None:
        self.failed += 1
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append((open_id, error))


async def refresh_due(manager: TokenManager, within: timedelta, *, concurrency: int = 8) -> RefreshReport:
    """Renew every account whose access token ends within *within*, soonest first, each at most once.

    The accounts are read as they are needed, so that half a million of them take no memory. An account that another
    worker holds is skipped: that worker is renewing it.

    Args:
        manager: The tokens.
        within: How far ahead to look.
        concurrency: How many renewals at a time.

    Returns:
        What was done.

    Raises:
        StoreError: The accounts could not be read.
        SessionClosed: The session was closed meanwhile.
    """
    began = manager.clock.now()
    due = manager.store.expiring(manager.client_key, began + within)
    turn = asyncio.Lock()
    counts = _SweepCounts()

    async def work() -> None:
        while (key := await _next(due, turn)) is not None:
            try:
                renewed = await manager.renew(key.open_id, until=began + within, since=began)
            except (LeaseUnavailable, AccountNotFound):
                counts.skipped += 1
            except SessionClosed:
                raise
            except TikTokError as error:
                counts.fail(key.open_id, error)
            else:
                counts.refreshed += renewed
                counts.skipped += not renewed

    workers = [asyncio.create_task(work()) for _ in range(max(1, concurrency))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
        if isinstance(due, AsyncGenerator):
            await due.aclose()
    return RefreshReport(
        refreshed=counts.refreshed, failed=counts.failed, skipped=counts.skipped, failures=tuple(counts.failures)
    )


async def _next(due: AsyncIterator[AccountKey], turn: asyncio.Lock) -> AccountKey | None:
    async with turn:
        return await anext(due, None)


@asynccontextmanager
async def keep_fresh(
    manager: TokenManager, every: timedelta, *, clock: Clock, check: Callable[[], None]
) -> AsyncGenerator[None]:
    """Sweep inside `async with`, about each *every*; the processes of a fleet fall out of step by themselves.

    A sweep looks two intervals ahead, so that one that is late or fails costs nothing.

    Args:
        manager: The tokens.
        every: The time between two sweeps; each wait is off by up to a quarter.
        clock: Time, sleep and randomness.
        check: Raises where the session may not be used.
    """
    check()
    sweeping = asyncio.create_task(_sweep_on(manager, every, clock))
    try:
        yield
    finally:
        sweeping.cancel()
        await asyncio.wait([sweeping])


async def _sweep_on(manager: TokenManager, every: timedelta, clock: Clock) -> None:
    seconds = every.total_seconds()
    await clock.sleep(seconds * clock.random())
    while True:
        try:
            report = await refresh_due(manager, 2 * every)
        except SessionClosed:
            return
        except StoreError as error:
            _log.warning("a sweep was cut off: %s", error)
        except Exception:  # noqa: BLE001 - logged with its traceback
            # A store of the user's own may raise anything. Without the next sweep, every token would end.
            _log.exception("a sweep was cut off by an error that is not this library's; the next one comes in time")
        else:
            if report.failed:
                _log.warning("%d of %d due tokens were not renewed", report.failed, report.failed + report.refreshed)
        await clock.sleep(seconds * (0.75 + clock.random() / 2))
