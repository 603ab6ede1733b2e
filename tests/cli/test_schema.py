"""`tiktok-async schema`: the SQL of the tables, for users who run their own migrations."""

import pytest

from tests.cli.conftest import Shell
from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.models import AccountKey
from tiktok_async.stores import PostgresTokenStore
from tiktok_async_stores.postgres.schema import MIGRATIONS

pytestmark = pytest.mark.postgres


async def test_the_printed_sql_makes_the_tables_that_a_store_uses(shell: Shell, postgres: PostgresServer) -> None:
    name = new_schema()
    printed = await shell.run("schema", "postgres", "--schema", name)
    assert printed.code == 0, printed.err
    postgres.execute(printed.out)
    assert postgres.execute(f"SELECT version FROM {name}.schema_version") == [(len(MIGRATIONS),)]
    store = PostgresTokenStore(postgres.url(schema=name))
    assert await store.get(AccountKey("app", "one")) is None
    await store.aclose()


async def test_migrations_that_were_already_applied_are_not_printed(shell: Shell) -> None:
    printed = await shell.run("schema", "postgres", "--since", str(len(MIGRATIONS)))
    assert printed.out.split() == f'UPDATE "tiktok".schema_version SET version = {len(MIGRATIONS)};'.split()
    refused = await shell.run("schema", "postgres", "--schema", 'x"; DROP')
    assert (refused.code, refused.out) == (2, "")
