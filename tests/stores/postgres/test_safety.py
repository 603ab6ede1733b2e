"""Settings of a server and missing rights of a role that endanger tokens are reported before they do harm."""

import logging

import pytest

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, StoreUnsafe
from tiktok_async.stores import PostgresTokenStore, postgres_schema
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.postgres.safety import examine, unsafe_settings

pytestmark = pytest.mark.postgres

KEY = AccountKey("app", "one")
SAFE: dict[str, str | None] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "synchronous_standby_names": "",
    "default_transaction_read_only": "off",
    "in_recovery": "off",
    "made": "yes",
    "may_make": "yes",
    "standbys": "0",
    "unlogged": None,
    "forbidden": None,
}


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({}, []),
        ({"fsync": "off"}, ["fsync off"]),
        ({"full_page_writes": "off"}, ["full_page_writes off"]),
        ({"synchronous_commit": "off"}, ["synchronous_commit off"]),
        ({"standbys": "2"}, ["synchronous_standby_names empty"]),
        ({"standbys": "2", "synchronous_standby_names": "one"}, []),
        ({"synchronous_standby_names": "one", "synchronous_commit": "local"}, ["synchronous_commit local"]),
        ({"in_recovery": "on", "default_transaction_read_only": "on"}, ["in_recovery on"]),
        ({"default_transaction_read_only": "on"}, ["default_transaction_read_only on"]),
        ({"unlogged": "tokens"}, ["unlogged tokens"]),
        ({"forbidden": "UPDATE on tokens"}, ["no right to UPDATE on tokens"]),
        ({"made": "no"}, []),
        ({"made": "no", "may_make": "no"}, ["no tables, and no right to make them"]),
    ],
)
def test_each_unsafe_setting_and_no_other_is_reported(changes: dict[str, str | None], reported: list[str]) -> None:
    assert [setting for setting, advice in unsafe_settings(SAFE | changes) if advice] == reported


async def test_each_right_that_a_role_lacks_is_named(safe_postgres: PostgresServer) -> None:
    schema, role = new_schema(), new_schema()
    safe_postgres.execute(postgres_schema(schema), f"CREATE ROLE {role} LOGIN")
    url = f"postgresql://{role}@127.0.0.1:{safe_postgres.port}/postgres?schema={schema}"

    async def lacks() -> list[str]:
        return [setting.removeprefix("no right to ") for setting, _ in unsafe_settings(await examine(url))]

    (every,) = await lacks()
    assert "USAGE on the schema" in every
    assert "SELECT on schema_version" in every
    assert "UPDATE on tokens" in every
    # The lines of docs/postgresql.md.
    tables = f"ALL TABLES IN SCHEMA {schema} TO {role}"
    safe_postgres.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables}")
    assert await lacks() == ["USAGE on the schema"]
    safe_postgres.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    assert await lacks() == []
    safe_postgres.execute(f"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC")
    assert await lacks() == ["EXECUTE on limits_memory, EXECUTE on take_permits"]


def test_a_setting_that_cannot_be_read_counts_as_safe() -> None:
    assert list(unsafe_settings({})) == []


async def test_the_unsafe_settings_of_a_real_server_are_logged_and_reported_once(
    safe_postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    postgres = safe_postgres
    schema = new_schema()
    first = PostgresTokenStore(postgres.url(schema=schema))
    with caplog.at_level(logging.WARNING, "tiktok_async.stores"):
        await first.put(make_token(KEY), expected_version=0)
    assert [record for record in caplog.records if record.name == "tiktok_async.stores"] == []
    await first.aclose()
    postgres.execute(
        f"CREATE ROLE {schema} LOGIN SUPERUSER",
        f"ALTER ROLE {schema} SET synchronous_commit = off",
        f"ALTER TABLE {schema}.tokens SET UNLOGGED",
    )
    reported = list[StoreUnsafe]()
    store = PostgresTokenStore(
        f"postgresql://{schema}@127.0.0.1:{postgres.port}/postgres?schema={schema}", on_unsafe=reported.append
    )
    with caplog.at_level(logging.WARNING, "tiktok_async.stores"):
        await store.get(KEY)
        await store.get(KEY)
    assert [finding.setting for finding in reported] == ["synchronous_commit off", "unlogged tokens"]
    assert "synchronous_commit off" in caplog.text
    await store.aclose()


async def test_a_standby_is_reported_and_its_error_names_it(own_postgres: PostgresServer) -> None:
    primary_told, reported = list[str](), list[str]()
    primary = PostgresTokenStore(own_postgres.url())
    token = await primary.put(make_token(KEY), expected_version=0)
    await primary.aclose()
    standby = own_postgres.standby("one")
    standby.start()
    try:
        store = PostgresTokenStore(standby.url(), on_unsafe=lambda finding: reported.append(finding.setting))
        assert await store.get(KEY) == token
        assert reported == ["in_recovery on"]
        with pytest.raises(StoreError, match="read-only standby"):
            await store.put(token, expected_version=1)
        await store.aclose()
        # The primary reports that its standby is asynchronous.
        primary = PostgresTokenStore(own_postgres.url(), on_unsafe=lambda finding: primary_told.append(finding.setting))
        await primary.get(KEY)
        assert primary_told == ["synchronous_standby_names empty"]
        await primary.aclose()
        with pytest.raises(StoreError, match="read-only standby"):
            await PostgresTokenStore(standby.url(schema="another")).get(KEY)
    finally:
        standby.remove()
