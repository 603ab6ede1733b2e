"""A record that was copied to another account, or returned in its place, is refused and never used."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, Checkpoint
from tiktok_async.stores import (
    PostgresCheckpointStore,
    PostgresTokenStore,
    SQLiteCheckpointStore,
    SQLiteTokenStore,
)
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.codec.records import mark, unmark

ONE, TWO = AccountKey("app", "one"), AccountKey("app", "two")
# The column of each table that holds bytes.
PLACES = {"tokens": "body", "notes": "value", "checkpoints": "body"}

Stores = tuple[Any, Any, Callable[[str], None]]


def in_sqlite(path: Path) -> Stores:
    def change(statement: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    return SQLiteTokenStore(path), SQLiteCheckpointStore(path), change


def in_postgres(server: PostgresServer) -> Stores:
    url = server.url(schema=new_schema())
    schema = url.rpartition("=")[2]

    def change(statement: str) -> None:
        for table in PLACES:
            statement = statement.replace(f" {table} ", f" {schema}.{table} ")
        server.execute(statement)

    return PostgresTokenStore(url), PostgresCheckpointStore(url), change


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    """A token store and a checkpoint store in one database, and a function that runs SQL on its tables."""
    if request.param == "postgres":
        return in_postgres(request.getfixturevalue("postgres"))
    return in_sqlite(tmp_path / "tokens.db")


async def fill(stores: Stores) -> None:
    tokens, checkpoints, _ = stores
    for key in (ONE, TWO):
        await tokens.put(make_token(key), expected_version=0)
        await tokens.put_note(key, "note", key.open_id.encode(), ttl=timedelta(minutes=1), only_if_absent=True)
        await checkpoints.put(Checkpoint(key=key, due_at=datetime.now(UTC)), expected_version=0)


async def test_another_accounts_record_is_refused(stores: Stores) -> None:
    tokens, checkpoints, change = stores
    await fill(stores)
    for table, column in PLACES.items():
        change(
            f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE open_id = 'one') WHERE open_id = 'two'"
        )
    reads: list[Awaitable[object]] = [tokens.get(TWO), tokens.get_many([ONE, TWO]), tokens.get_note(TWO, "note")]
    for read in (*reads, checkpoints.get(TWO)):
        with pytest.raises(StoreError, match="another account's record when it was asked for account two"):
            await read
    assert (await tokens.get(ONE)).key == ONE
    await tokens.aclose()
    await checkpoints.aclose()


async def test_records_without_a_mark_are_read(stores: Stores) -> None:
    """An older version wrote records without a mark."""
    tokens, checkpoints, change = stores
    await fill(stores)
    before = await tokens.get(ONE), await tokens.get_note(ONE, "note"), await checkpoints.get(ONE)
    for table, column in PLACES.items():
        change(f"UPDATE {table} SET {column} = substr({column}, 1, length({column}) - 7)")
    assert (await tokens.get(ONE), await tokens.get_note(ONE, "note"), await checkpoints.get(ONE)) == before
    await tokens.aclose()
    await checkpoints.aclose()


@settings(max_examples=30)
@given(st.binary(), st.text(), st.text())
def test_a_marked_record_is_returned_only_to_its_account(record: bytes, one: str, two: str) -> None:
    marked = mark(record, AccountKey("app", one))
    assert unmark(marked, AccountKey("app", one)) == record
    if one != two:
        with pytest.raises(StoreError):
            unmark(marked, AccountKey("app", two))
