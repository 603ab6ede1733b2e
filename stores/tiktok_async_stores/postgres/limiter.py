"""Rate limits for a fleet: one exact window for all processes that share a PostgreSQL database."""

from typing import Literal

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async_stores._process import WorkerName
from tiktok_async_stores.limits.limiter import SharedRateLimiter
from tiktok_async_stores.limits.outage import OPTIONS, from_options
from tiktok_async_stores.postgres.connection import Pool
from tiktok_async_stores.postgres.limiter_trips import PostgresTrips
from tiktok_async_stores.postgres.link import PostgresLink

# If PostgreSQL is away, a call that waits for a limit soon gets an error.
_PATIENCE = 1.0  # seconds


class PostgresRateLimiter(SharedRateLimiter):
    """Holds limits for all processes that share a PostgreSQL database; the limiter behind `postgresql://` URLs.

    A window is a row. A trip is one call of a function in the database, which locks the row meanwhile. A slot is
    in use from its grant until the window's length after the answer, by the server's clock. A worker that dies keeps
    its slots in use until its lease (the window's length, between 10 s and 60 s) is over and a window more. Permits
    are fetched in small stocks, so most calls need no trip. The server writes permits to disk before it grants them, so
    a crash grants none twice. An unused window is deleted within some minutes.

    While PostgreSQL is away, `on_outage="fail"` raises `StoreError`. `"local"` continues with *share* of each limit in
    each process, and reports those calls when it is back. Choose a share of at most one by the number of processes;
    even then the other processes do not know the calls just before the outage, so its first window may bring a 429.

    Args:
        url: Such as `postgresql://localhost/app?on_outage=local&share=0.25`.
        pool: Instead of *url*: an open pool of psycopg, which you close yourself.
        schema: The schema of the tables; the default is `tiktok`. Processes with the same schema share windows.
        on_outage: What to do while PostgreSQL is away: `"fail"` or `"local"`.
        share: The part of each limit that this process may use alone, above 0 and at most 1; needed for `"local"`.
        clock: Time and timers; the machine's by default. Windows always use the server's clock.

    Raises:
        ConfigurationError: Not exactly one of *url* and *pool*, or another argument cannot be used.

    Example:
        >>> limiter = PostgresRateLimiter("postgresql://localhost/app", on_outage="local", share=0.25)
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        pool: Pool | None = None,
        schema: str | None = None,
        on_outage: Literal["fail", "local"] | None = None,
        share: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        link = PostgresLink(url, pool, schema, clock, owner=type(self).__name__, patience=_PATIENCE, extra=OPTIONS)
        on_outage, share = from_options(link.options, on_outage, share)
        super().__init__(PostgresTrips(link, WorkerName(), clock), on_outage=on_outage, share=share, clock=clock)
