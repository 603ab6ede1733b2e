"""Tokens in PostgreSQL, shared by the processes of any number of machines."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async.errors import StoreError, TokenConflict
from tiktok_async.models import AccountKey, Token
from tiktok_async_stores._inspection import Inspection
from tiktok_async_stores._server_tokens import ServerTokenStore
from tiktok_async_stores._unsafe import OnUnsafe
from tiktok_async_stores.codec.records import read_token
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.postgres.connection import Pool
from tiktok_async_stores.postgres.leases import PostgresLeases
from tiktok_async_stores.postgres.link import PostgresLink, from_text, names, to_text
from tiktok_async_stores.postgres.notes import PostgresNotes
from tiktok_async_stores.postgres.puts import GET_MANY, Put, put_all
from tiktok_async_stores.postgres.safety import inspect

_PAGE = 500
_TOGETHER = 200

_Record = tuple[int, bytes]

_GET = "SELECT version, body FROM {schema}.tokens WHERE client_key = %s AND open_id = %s"
# The row of its lease is deleted too, unless the lease is held.
_DELETE = """
WITH freed AS (
    DELETE FROM {schema}.leases WHERE client_key = %s AND open_id = %s AND until <= clock_timestamp()
)
DELETE FROM {schema}.tokens WHERE client_key = %s AND open_id = %s RETURNING true
"""
_KEYS = f"""
SELECT open_id FROM {{schema}}.tokens WHERE client_key = %s AND open_id > %s ORDER BY open_id LIMIT {_PAGE}
"""  # noqa: S608 - made of constants
_EXPIRING = f"""
SELECT expires_at, open_id FROM {{schema}}.tokens
WHERE client_key = %s AND active AND expires_at < %s AND (expires_at, open_id) > (%s, %s)
ORDER BY expires_at, open_id LIMIT {_PAGE}
"""  # noqa: S608 - made of constants
_OWNED = """
SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class
WHERE relnamespace = to_regnamespace('{schema}') AND relname IN ('tokens', 'notes')
"""
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)  # one day later than the minimum, for time zones


class PostgresTokenStore(PostgresLeases, ServerTokenStore[tuple[str, str], _Record, Put]):
    """A `TokenStore` in PostgreSQL 13 or newer, also through PgBouncer in transaction mode.

    Every step is one statement and one transaction; none is open while TikTok is asked. Leases and notes end by the
    server's clock. Reads that wait at the same time share a trip; puts share a trip and a commit. A `put` returns once
    it is committed. If the connection was lost before, it checks whether it was.

    On first use the tables are made or brought up to date, and the server's settings are checked: a setting that
    could lose tokens is logged by `tiktok_async.stores` and passed to *on_unsafe*. Nothing is refused.

    Args:
        url: `postgresql://`, as libpq reads it; this library adds `?schema=NAME` and `?pool_size=NUMBER`.
        pool: Instead of *url*: an open pool of psycopg, which you close yourself.
        schema: The schema of the tables; the default is `tiktok`.
        clock: The clock for waits for leases; the default is the real one.
        on_unsafe: Called once with each dangerous setting.

    Raises:
        ConfigurationError: Not exactly one of *url* and *pool* was given, or one of the arguments cannot be used.

    Example:
        >>> store = PostgresTokenStore("postgresql://localhost/app")
    """

    _leases = "leases"

    def __init__(
        self,
        url: str | None = None,
        *,
        pool: Pool | None = None,
        schema: str | None = None,
        clock: Clock | None = None,
        on_unsafe: OnUnsafe | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._link = PostgresLink(url, pool, schema, self._clock, owner=type(self).__name__)
        self._notes = PostgresNotes(self._link)
        self._inspection = Inspection(partial(inspect, self._link), self._clock, on_unsafe)
        self._share_trips(together=_TOGETHER, page=_PAGE, put_page=_PAGE, owner=self._link.process)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        schema: str | None = None,
        clock: Clock | None = None,
        on_unsafe: OnUnsafe | None = None,
    ) -> "PostgresTokenStore":
        """Make a store of a PostgreSQL URL."""
        return cls(url, schema=schema, clock=clock, on_unsafe=on_unsafe)

    async def delete(self, key: AccountKey) -> bool:
        """Forget the token of *key*. Returns whether there was one.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        return bool(await self._link.run(_DELETE, (*names(key), *names(key))))

    async def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app, page by page.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        last, full = "", True
        while full:
            rows = await self._link.run(_KEYS, (to_text(client_key), last))
            full = len(rows) == _PAGE
            for (last,) in rows:
                yield AccountKey(client_key, from_text(last))

    async def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts whose access token ends before *before*, soonest first, page by page.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        to_microseconds(before)  # raises if the time is naive
        last: tuple[Any, ...] = (_EARLIEST, "")
        full = True
        while full:
            rows = await self._link.run(_EXPIRING, (to_text(client_key), before, *last))
            full = len(rows) == _PAGE
            for last in rows:
                yield AccountKey(client_key, from_text(last[1]))

    async def vacuum(self) -> None:
        """Rewrite the files of tokens and notes, without replaced or deleted data.

        PostgreSQL leaves the old text of a row in its files. Call this after `EncryptedTokenStore.rotate`, if
        records were not encrypted before. Tokens cannot be read or written meanwhile: some seconds for a million. Data
        outside the tables stays longer: the write-ahead log until its files are used again, and archives, backups and
        copies of the disk until you delete them. The role must own the tables.

        Raises:
            StoreError: PostgreSQL cannot be reached, or the role has no right to do this.
        """
        # Without this check PostgreSQL only warns, and does nothing.
        if (await self._link.run(_OWNED)) != [(True,)]:
            raise StoreError("The tables can only be vacuumed by the role that owns them.")
        await self._link.maintain("VACUUM (FULL, ANALYZE) {schema}.tokens")
        await self._link.maintain("VACUUM (FULL, ANALYZE) {schema}.notes")

    def _place(self, key: AccountKey) -> tuple[str, str]:
        return names(key)

    def _prepared(self, token: Token, expected_version: int | None) -> Put:
        return Put.of(token, expected_version)

    def _token(self, key: AccountKey, record: _Record | None) -> Token | None:
        return read_token(record[1], key=key, version=record[0]) if record else None

    async def _close_link(self) -> None:
        await self._link.aclose()

    async def _get_many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[_Record | None]:
        if len(wanted) == 1:
            rows = await self._link.run(_GET, wanted[0])
            return [(rows[0][0], rows[0][1]) if rows else None]
        found: list[_Record | None] = [None] * len(wanted)
        columns = ([client_key for client_key, _ in wanted], [open_id for _, open_id in wanted])
        for place, version, body in await self._link.run(GET_MANY, columns):
            found[place - 1] = (version, body)
        return found

    async def _put_many(self, puts: Sequence[Put]) -> Sequence[int | TokenConflict]:
        await put_all(self._link, puts)
        return [put.outcome for put in puts if put.outcome is not None]

    def __repr__(self) -> str:
        return f"<PostgresTokenStore in schema {self._link.schema!r}>"
