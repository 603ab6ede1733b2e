"""Refreshing tokens before they are needed: one sweep, and sweeps in the background."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import Factory, define

from tiktok_async._tokens.manager import TokenManager
from tiktok_async.abc import Clock
from tiktok_async.errors import AccountNotFound, LeaseUnavailable, SessionClosed, StoreError, TikTokError
from tiktok_async.models import AccountKey

if TYPE_CHECKING:
    from tiktok_async.models import RefreshReport

_log = logging.getLogger("tiktok_async.tokens")

_MOST_FAILURES = 100


def _no_failures() -> list[tuple[str, TikTokError]]:
    return []


@define
class _SweepCounts:
    """Counts the results of one sweep."""

    refreshed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[tuple[str, TikTokError]] = Factory(_no_failures)

    def fail(self, open_id: str, error: TikTokError) -> None:
        self.failed += 1
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append((open_id, error))


async def refresh_due(manager: TokenManager, within: timedelta, *, concurrency: int = 8) -> "RefreshReport":
    """Refresh every account whose access token ends within *within*, the earliest first, each at most once.

    The accounts are read as they are needed, so that half a million take no memory. An account that another worker
    holds is skipped, since that worker is refreshing it.

    Args:
        manager: The tokens.
        within: How far ahead to look.
        concurrency: The number of concurrent refreshes.

    Returns:
        The numbers of refreshed, failed and skipped accounts.

    Raises:
        StoreError: The accounts could not be read.
        SessionClosed: The session was closed meanwhile.
    """
    from tiktok_async.models import RefreshReport

    began = manager.clock.now()
    due = manager.store.expiring(manager.client_key, began + within)
    turn = asyncio.Lock()
    counts = _SweepCounts()

    async def work() -> None:
        while (key := await _next(due, turn)) is not None:
            try:
                refreshed = await manager.refresh_if_due(key.open_id, until=began + within, since=began)
            except (LeaseUnavailable, AccountNotFound):
                counts.skipped += 1
            except SessionClosed:
                raise
            except TikTokError as error:
                counts.fail(key.open_id, error)
            else:
                counts.refreshed += refreshed
                counts.skipped += not refreshed

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
    """Sweep about each *every* inside `async with`; the processes of a fleet sweep at different times.

    A sweep covers the next two intervals, so that one that is late or fails does no harm.

    Args:
        manager: The tokens.
        every: The time between two sweeps; each wait is off by up to a quarter.
        clock: Time, sleep and randomness.
        check: Raises if the session may not be used.
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
            _log.warning("a sweep was ended by an error: %s", error)
        except Exception:  # noqa: BLE001 - logged with its traceback
            # A user's own store may raise anything. Without the next sweep, all tokens would expire.
            _log.exception("a sweep was ended by an error from outside this library; the next one follows in time")
        else:
            if report.failed:
                _log.warning("%d of %d due tokens were not refreshed", report.failed, report.failed + report.refreshed)
        await clock.sleep(seconds * (0.75 + clock.random() / 2))
