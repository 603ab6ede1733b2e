"""Notes in PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

from tiktok_async.models import AccountKey
from tiktok_async_stores.codec.records import mark, unmark
from tiktok_async_stores.postgres.link import PostgresLink, to_text

__all__ = ["PostgresNotes"]

_WHERE = "client_key = %s AND open_id = %s AND name = %s"
_GET = f"SELECT value FROM {{schema}}.notes WHERE {_WHERE} AND until > clock_timestamp()"  # noqa: S608 - made of constants
_DELETE = f"DELETE FROM {{schema}}.notes WHERE {_WHERE} RETURNING until > clock_timestamp()"  # noqa: S608 - made of constants
_PUT = """
INSERT INTO {schema}.notes AS kept (client_key, open_id, name, until, request, value)
VALUES (%s, %s, %s, clock_timestamp() + %s, %s, %s)
ON CONFLICT (client_key, open_id, name) DO UPDATE
SET until = excluded.until, request = excluded.request, value = excluded.value
WHERE NOT %s OR kept.until <= clock_timestamp() OR kept.request = excluded.request
RETURNING true
"""
# Notes that another process is using at this moment are skipped.
_SWEEP = """
DELETE FROM {schema}.notes WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {schema}.notes WHERE until <= clock_timestamp() LIMIT 1000 FOR UPDATE SKIP LOCKED
))
"""
_SWEEP_EVERY = 200


class PostgresNotes:
    """Notes shared by all processes that use the database. They end by the server's clock.

    Args:
        link: The database.
    """

    def __init__(self, link: PostgresLink) -> None:
        self._link = link
        self._puts = 0

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note, or `None`."""
        rows = await self._link.run(_GET, _place(key, name))
        return unmark(bytes(rows[0][0]), key) if rows else None

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Keep a note. Returns whether it was stored."""
        # The id identifies a second arrival of the same request.
        parameters = (*_place(key, name), ttl, uuid4().hex[:16], mark(value, key), only_if_absent)
        stored = bool(await self._link.run(_PUT, parameters))
        self._puts += 1
        if self._puts % _SWEEP_EVERY == 0:
            await self._link.run(_SWEEP)
        return stored

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Forget the note. Returns whether there was one."""
        rows = await self._link.run(_DELETE, _place(key, name))
        return bool(rows) and bool(rows[0][0])


def _place(key: AccountKey, name: str) -> tuple[str, str, str]:
    return to_text(key.client_key), to_text(key.open_id), to_text(name)
