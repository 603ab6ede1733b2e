"""Checkpoints in PostgreSQL, shared by the workers of any number of machines."""

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock
from tiktok_async.errors import CheckpointConflict
from tiktok_async.models import AccountKey, Checkpoint, DueAccount
from tiktok_async_stores.codec.checkpoints import decode_checkpoint, encode_checkpoint
from tiktok_async_stores.codec.records import mark, unmark
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.postgres.connection import Pool
from tiktok_async_stores.postgres.leases import PostgresLeases
from tiktok_async_stores.postgres.link import ConnectionLost, PostgresLink, Row, from_text, names, to_text

_WHERE = "client_key = %s AND open_id = %s"
_GET = f"SELECT version, due_at, round, body FROM {{schema}}.checkpoints WHERE {_WHERE}"  # noqa: S608 - made of constants
_UPDATE = f"""
UPDATE {{schema}}.checkpoints SET version = version + 1, due_at = %s, round = %s, body = %s
WHERE {_WHERE} AND version = %s RETURNING version
"""  # noqa: S608 - made of constants
_INSERT = """
INSERT INTO {schema}.checkpoints (due_at, round, body, client_key, open_id, version) VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT DO NOTHING RETURNING version
"""
_ADD = """
INSERT INTO {schema}.checkpoints (client_key, open_id, version, due_at, round, body)
SELECT client_key, open_id, 1, due_at, round, body
FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bytea[])
    AS each (client_key, open_id, due_at, round, body)
ORDER BY client_key COLLATE "C", open_id COLLATE "C"
ON CONFLICT DO NOTHING RETURNING true
"""
# Rows that another worker is taking at this moment are skipped.
_TAKE = """
WITH due AS MATERIALIZED (
    SELECT client_key, open_id, due_at FROM {schema}.checkpoints
    WHERE client_key = %s AND due_at < %s ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE {schema}.checkpoints AS checkpoint SET due_at = %s FROM due
WHERE checkpoint.client_key = due.client_key AND checkpoint.open_id = due.open_id
RETURNING due.due_at, checkpoint.open_id, checkpoint.round
"""
_DELETE = f"""
WITH freed AS (
    DELETE FROM {{schema}}.checkpoint_leases WHERE {_WHERE} AND until <= clock_timestamp()
)
DELETE FROM {{schema}}.checkpoints WHERE {_WHERE} RETURNING true
"""  # noqa: S608 - made of constants


class PostgresCheckpointStore(PostgresLeases):
    """A `CheckpointStore` in PostgreSQL 13 or newer; it may be the tokens' own database and schema.

    If it is lost, none of your data is: accounts are then synced again from their beginning.

    Args:
        url: `postgresql://`, as libpq reads it; this library adds `?schema=NAME` and `?pool_size=NUMBER`.
        pool: Instead of *url*: an open pool of psycopg, which you close yourself.
        schema: The schema of the tables; the default is `tiktok`.
        clock: The clock for waits for leases; the default is the real one.

    Raises:
        ConfigurationError: Not exactly one of *url* and *pool* was given, or one of the arguments cannot be used.

    Example:
        >>> checkpoints = PostgresCheckpointStore("postgresql://localhost/app")
    """

    _leases = "checkpoint_leases"

    def __init__(
        self,
        url: str | None = None,
        *,
        pool: Pool | None = None,
        schema: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._link = PostgresLink(url, pool, schema, self._clock, owner=type(self).__name__)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None) -> "PostgresCheckpointStore":
        """Make a store of a PostgreSQL URL."""
        return cls(url, clock=clock)

    async def get(self, key: AccountKey) -> Checkpoint | None:
        """Return the checkpoint of *key*, or `None`.

        Raises:
            StoreError: PostgreSQL cannot be reached, or the record cannot be read.
        """
        rows = await self._link.run(_GET, names(key))
        if not rows:
            return None
        version, due_at, number, body = rows[0]
        return decode_checkpoint(unmark(body, key), key=key, due_at=due_at, number=number, version=version)

    async def put(self, checkpoint: Checkpoint, *, expected_version: int) -> Checkpoint:
        """Store *checkpoint* by compare-and-set; it is committed when this returns.

        Raises:
            CheckpointConflict: Another version is stored.
            StoreError: PostgreSQL cannot be reached; whether it was stored may be unknown.
        """
        key, row = checkpoint.key, _row(checkpoint)
        wanted = (expected_version,) if expected_version else ()
        text, unsure = _UPDATE if expected_version else _INSERT, False
        try:
            changed = await self._link.once(text, (*row, *names(key), *wanted))
        except ConnectionLost:
            # If the first one was carried out, the second one is refused.
            unsure = True
            changed = await self._link.once(text, (*row, *names(key), *wanted))
        if not changed:
            found = await self._link.run(_GET, names(key))
            actual = int(found[0][0]) if found else 0
            if not (unsure and actual == expected_version + 1 and tuple(found[0][1:]) == row):
                raise CheckpointConflict(
                    key.open_id, expected_version=expected_version or None, actual_version=actual or None
                )
        return evolve(checkpoint, version=expected_version + 1)

    async def add(self, checkpoints: Sequence[Checkpoint]) -> int:
        """Store those whose accounts have none yet. Returns how many.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        if not checkpoints:
            return 0
        rows = [(*names(each.key), *_row(each)) for each in checkpoints]
        return len(await self._link.run(_ADD, [list(column) for column in zip(*rows, strict=True)]))

    async def take_due(self, client_key: str, *, before: datetime, until: datetime, limit: int) -> Sequence[DueAccount]:
        """Hand out accounts that are due, longest overdue first, and make them due again at *until*.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        rows: list[Row] = sorted(await self._link.run(_TAKE, (to_text(client_key), before, limit, until)))
        return tuple(DueAccount(open_id=from_text(open_id), checkpoint_id=str(number)) for _, open_id, number in rows)

    async def delete(self, key: AccountKey) -> bool:
        """Forget the checkpoint of *key*. Returns whether there was one.

        Raises:
            StoreError: PostgreSQL cannot be reached.
        """
        return bool(await self._link.run(_DELETE, (*names(key), *names(key))))

    async def aclose(self) -> None:
        """Close the pool, if it is this store's. Harmless when repeated."""
        await self._link.aclose()

    def __repr__(self) -> str:
        return f"<PostgresCheckpointStore in schema {self._link.schema!r}>"


def _row(checkpoint: Checkpoint) -> tuple[datetime, int, bytes]:
    to_microseconds(checkpoint.due_at)  # raises if the time is naive
    return checkpoint.due_at, checkpoint.round, mark(encode_checkpoint(checkpoint), checkpoint.key)
