"""Finds settings of a PostgreSQL server and rights of a role that endanger tokens.

A refresh token works once. A server that loses its last second of writes restores a used one, and the creator
has to log in again.
"""

from collections.abc import Iterator, Mapping

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.errors import StoreError
from tiktok_async_stores.postgres.link import PostgresLink
from tiktok_async_stores.postgres.schema import TABLES

_SETTINGS = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "synchronous_standby_names",
    "default_transaction_read_only",
)
# Only from the catalogue, which any role may read: a look-up by a table's name needs a right to its schema.
_LOOK = f"""
WITH place AS (SELECT to_regnamespace('{{schema}}')::oid AS id)
SELECT name, current_setting(name) FROM unnest(ARRAY[{", ".join(f"'{name}'" for name in _SETTINGS)}]) AS name
UNION ALL SELECT 'in_recovery', CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END
UNION ALL SELECT 'made', CASE WHEN EXISTS (
        SELECT FROM pg_class, place WHERE relnamespace = place.id AND relname = 'schema_version'
    ) THEN 'yes' ELSE 'no' END
UNION ALL SELECT 'may_make', CASE WHEN has_database_privilege(current_database(), 'CREATE') THEN 'yes' ELSE 'no' END
UNION ALL SELECT 'standbys', count(*)::text FROM pg_stat_replication
UNION ALL SELECT 'unlogged', string_agg(class.relname, ', ' ORDER BY class.relname) FROM pg_class AS class, place
    WHERE class.relnamespace = place.id AND class.relname = ANY (%s) AND class.relpersistence <> 'p'
UNION ALL SELECT 'forbidden', string_agg(forbidden.what, ', ' ORDER BY forbidden.what) FROM (
    SELECT 'USAGE on the schema' FROM place WHERE NOT has_schema_privilege(place.id, 'USAGE')
    UNION ALL SELECT needed || ' on ' || class.relname
        FROM place, pg_class AS class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
        WHERE class.relnamespace = place.id AND NOT has_table_privilege(class.oid, needed)
        AND (class.relname = ANY (%s) OR (class.relname, needed) = ('schema_version', 'SELECT'))
    UNION ALL SELECT 'EXECUTE on ' || proname FROM pg_proc, place
        WHERE pronamespace = place.id AND NOT has_function_privilege(pg_proc.oid, 'EXECUTE')
) AS forbidden (what)
"""  # noqa: S608 - made of constants


def unsafe_settings(found: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield what can lose tokens or prevent their storage, as pairs of the setting and the advice.

    Args:
        found: The result of `look`.
    """
    if found.get("fsync") == "off":
        yield ("fsync off", "Set fsync = on: a power cut loses or destroys all tokens now.")
    if found.get("full_page_writes") == "off":
        yield ("full_page_writes off", "Set full_page_writes = on: a power cut may destroy tokens now.")
    if found.get("synchronous_commit") == "off":
        yield (
            "synchronous_commit off",
            (
                "Set synchronous_commit = on, for this role at least (ALTER ROLE ... SET): a crash of PostgreSQL "
                "loses the tokens of the last moments now."
            ),
        )
    yield from _failover(found)
    if found.get("in_recovery") == "on":
        yield ("in_recovery on", "Connect to the primary: this server is a read-only standby and refuses every write.")
    elif found.get("default_transaction_read_only") == "on":
        yield (
            "default_transaction_read_only on",
            "Set default_transaction_read_only = off for this role: every write is refused now.",
        )
    if found.get("unlogged"):
        yield (
            f"unlogged {found['unlogged']}",
            "ALTER TABLE ... SET LOGGED: a crash of PostgreSQL empties an unlogged table, and no standby has it.",
        )
    if found.get("made") == "no" and found.get("may_make") == "no":
        yield (
            "no tables, and no right to make them",
            "Run the SQL of `tiktok-async schema postgres` as a role that may, and grant this role its use.",
        )
    if found.get("forbidden"):
        yield (
            f"no right to {found['forbidden']}",
            (
                "GRANT USAGE on the schema, and SELECT, INSERT, UPDATE, DELETE on its tables, to this role: some reads "
                "or writes fail now."
            ),
        )


def _failover(found: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    standbys = found.get("standbys") or "0"
    if standbys != "0" and not found.get("synchronous_standby_names"):
        yield (
            "synchronous_standby_names empty",
            (
                f"Name a standby in synchronous_standby_names ({standbys} connected now): when an asynchronous one "
                "takes over, the tokens of the last moments are lost, and those creators have to log in again."
            ),
        )
    elif found.get("synchronous_standby_names") and found.get("synchronous_commit") == "local":
        yield (
            "synchronous_commit local",
            (
                "Set synchronous_commit = on: a token counts as stored before the standby has it, and is lost with the "
                "primary."
            ),
        )


async def inspect(link: PostgresLink) -> list[tuple[str, str]]:
    """Return what can lose tokens or prevent their storage. A setting that may not be read counts as safe.

    Raises:
        StoreError: PostgreSQL cannot be reached.
    """
    await link.run("SELECT 1")
    return list(unsafe_settings(await look(link)))


async def look(link: PostgresLink) -> dict[str, str | None]:
    """Return the argument of `unsafe_settings`. A setting that may not be read is missing."""
    tables = list(TABLES)
    try:
        return dict[str, str | None](await link.run(_LOOK, (tables, tables)))
    except StoreError:
        # Managed servers may forbid a view. If the server is down, the next statement reports it.
        return {}


async def examine(url: str) -> dict[str, str | None]:
    """Return the argument of `unsafe_settings` for the server at *url*, without making or changing anything.

    Raises:
        ConfigurationError: The URL cannot be read.
        StoreError: PostgreSQL cannot be reached.
    """
    link = PostgresLink(url, None, None, SystemClock(), owner="PostgresTokenStore", make_tables=False)
    try:
        await link.run("SELECT 1")
        return await look(link)
    finally:
        await link.aclose()
