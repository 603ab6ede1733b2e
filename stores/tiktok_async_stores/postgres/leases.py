"""Leases in PostgreSQL, for every store that keeps records of accounts there."""

from datetime import timedelta
from typing import ClassVar

from tiktok_async.models import AccountKey
from tiktok_async_stores._lease import HoldsLeases
from tiktok_async_stores.postgres.link import PostgresLink, names

# A fence is the time in microseconds, and higher than the last fence: it rises even if a row was lost.
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_ACQUIRE = f"""
INSERT INTO {{schema}}.%s AS held (client_key, open_id, owner, until, fence)
VALUES (%%s, %%s, %%s, clock_timestamp() + %%s, {_NOW})
ON CONFLICT (client_key, open_id) DO UPDATE
SET owner = excluded.owner, until = clock_timestamp() + %%s, fence = greatest(held.fence + 1, {_NOW})
WHERE held.until <= clock_timestamp() OR held.owner = excluded.owner
RETURNING fence
"""  # noqa: S608 - made of constants
_RENEW = """
UPDATE {schema}.%s SET until = clock_timestamp() + %%s
WHERE client_key = %%s AND open_id = %%s AND owner = %%s AND until > clock_timestamp() RETURNING fence
"""
_RELEASE = """
UPDATE {schema}.%s SET until = '-infinity' WHERE client_key = %%s AND open_id = %%s AND owner = %%s
"""


class PostgresLeases(HoldsLeases):
    """The leases of a store: rows that end by the server's clock. One statement takes or frees a lease.

    An owner is one attempt to hold the lease. So each statement may arrive twice: an owner that asks again after a lost
    connection gets the lease that it has already.

    Attributes:
        _leases: The table of the leases. Two stores in one schema have one each.
        _link: The database.
    """

    _leases: ClassVar[str]
    _link: PostgresLink

    async def acquire_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> int | None:
        """Take the lease if it is free."""
        rows = await self._link.run(_ACQUIRE % self._leases, (*names(key), owner, ttl, ttl))
        return int(rows[0][0]) if rows else None

    async def renew_lease(self, key: AccountKey, owner: str, ttl: timedelta) -> bool:
        """Renew the lease if *owner* still holds it."""
        return bool(await self._link.run(_RENEW % self._leases, (ttl, *names(key), owner)))

    async def release_lease(self, key: AccountKey, owner: str) -> None:
        """Release the lease if *owner* still holds it."""
        await self._link.run(_RELEASE % self._leases, (*names(key), owner))
