"""The server's files hold no plain record after every record is encrypted."""

from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from tests.postgres_server import PostgresServer
from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, Secret
from tiktok_async.stores import EncryptedTokenStore, PostgresTokenStore, generate_store_key
from tiktok_async.testing._store_records import make_token

pytestmark = pytest.mark.postgres


def files_with(server: PostgresServer, text: bytes) -> list[Path]:
    """Return the table files that contain *text*."""
    return [path for path in (server.data / "base").rglob("*") if path.is_file() and text in path.read_bytes()]


async def test_after_rotate_and_vacuum_no_plain_record_is_in_the_tables_files(own_postgres: PostgresServer) -> None:
    records = PostgresTokenStore(own_postgres.url())
    keys = [AccountKey("app", f"user-{number}") for number in range(300)]
    canary = b"canary4567"
    await records.put_many(
        [(make_token(key, refresh_token=Secret(f"rft.canary4567.{key.open_id}")), 0) for key in keys]
    )
    own_postgres.execute("CHECKPOINT")
    assert files_with(own_postgres, canary)
    encrypted = EncryptedTokenStore(records, [generate_store_key()], allow_plaintext=True)
    assert await encrypted.rotate("app") == 300
    own_postgres.execute("CHECKPOINT")
    # PostgreSQL does not use the old text any more, but the file still contains it.
    assert files_with(own_postgres, canary)
    await records.vacuum()
    assert files_with(own_postgres, canary) == []
    tokens = await encrypted.get_many(keys)
    assert all(token is not None and b"canary4567" in token.refresh_token.reveal().encode() for token in tokens)
    await records.aclose()


async def test_vacuum_works_over_a_transaction_pool_and_a_missing_right_is_reported(
    own_postgres: PostgresServer,
) -> None:
    async with AsyncConnectionPool(own_postgres.url(), min_size=1) as pool:
        store = PostgresTokenStore(pool=pool)
        await store.vacuum()
        async with pool.connection() as connection:
            assert connection.autocommit is False
        await store.aclose()
    own_postgres.execute("CREATE ROLE worker LOGIN", "GRANT USAGE ON SCHEMA tiktok TO worker")
    own_postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA tiktok TO worker")
    other = PostgresTokenStore(f"postgresql://worker@127.0.0.1:{own_postgres.port}/postgres")
    with pytest.raises(StoreError, match="owns them"):
        await other.vacuum()
    await other.aclose()
