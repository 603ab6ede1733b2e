"""The tables in PostgreSQL: made and brought up to date by the first process, or by hand."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from psycopg import AsyncConnection
from psycopg import errors as states
from psycopg.rows import tuple_row

from tiktok_async.abc import Clock
from tiktok_async.errors import ConfigurationError, StoreError

_WINDOW = files("tiktok_async_stores").joinpath("postgres", "limiter.sql").read_text("utf-8")

# One entry for each schema version. Released entries are never edited; new ones are added.
#
# Names sort by their bytes (COLLATE "C"), whatever the database's language. A refresh first notes its attempt, which
# changes no indexed column: with free space in the page it needs no index entry (HOT), and a lease never does. For the
# same reason a released lease keeps its row; the row is deleted with the token.
MIGRATIONS: Sequence[str] = (
    """
CREATE TABLE {schema}.tokens (
    client_key text COLLATE "C" NOT NULL,
    open_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    active boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (client_key, open_id)
) WITH (fillfactor = 85);
CREATE INDEX tokens_expiring ON {schema}.tokens (client_key, expires_at, open_id) WHERE active;

CREATE TABLE {schema}.leases (
    client_key text COLLATE "C" NOT NULL,
    open_id text COLLATE "C" NOT NULL,
    owner text NOT NULL,
    until timestamptz NOT NULL,
    fence bigint NOT NULL,
    PRIMARY KEY (client_key, open_id)
) WITH (fillfactor = 70);

CREATE TABLE {schema}.notes (
    client_key text COLLATE "C" NOT NULL,
    open_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL,
    request text NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (client_key, open_id, name)
);
CREATE INDEX notes_until ON {schema}.notes (until);

CREATE TABLE {schema}.checkpoints (
    client_key text COLLATE "C" NOT NULL,
    open_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    due_at timestamptz NOT NULL,
    round bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (client_key, open_id)
);
CREATE INDEX checkpoints_due ON {schema}.checkpoints (client_key, due_at);

CREATE TABLE {schema}.checkpoint_leases (
    client_key text COLLATE "C" NOT NULL,
    open_id text COLLATE "C" NOT NULL,
    owner text NOT NULL,
    until timestamptz NOT NULL,
    fence bigint NOT NULL,
    PRIMARY KEY (client_key, open_id)
) WITH (fillfactor = 70);

CREATE TABLE {schema}.videos (
    open_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    create_time timestamptz,
    cover_image_url text,
    share_url text,
    video_description text,
    duration double precision,
    height bigint,
    width bigint,
    title text,
    embed_html text,
    embed_link text,
    like_count bigint,
    comment_count bigint,
    share_count bigint,
    view_count bigint,
    gone boolean NOT NULL DEFAULT false,
    PRIMARY KEY (open_id, id)
);

"""
    + _WINDOW,
)

DEFAULT_SCHEMA = "tiktok"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

TABLES = ("tokens", "leases", "notes", "checkpoints", "checkpoint_leases", "videos", "limits")
"""The tables that a store writes."""

_VERSION_TABLE = """
CREATE TABLE {schema}.schema_version (
    version integer NOT NULL,
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);
INSERT INTO {schema}.schema_version (version) VALUES (0);
"""

# If two processes make the same thing at once, one gets this error, and finds the thing at its next look.
_OTHERS_WERE_FIRST = (
    states.UniqueViolation,
    states.DuplicateSchema,
    states.DuplicateTable,
    states.DuplicateObject,
    states.DuplicateFunction,
    states.SerializationFailure,
    states.DeadlockDetected,
)
_TRIES = 20


def quote_schema(name: str) -> str:
    """Return the schema *name* quoted for SQL.

    Raises:
        ConfigurationError: It is not a plain name.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise ConfigurationError(
            f"The schema {name[:80]!r} cannot be used: letters, digits and underscores, at most 63, no digit first."
        )
    return f'"{name}"'


def postgres_schema(schema: str = DEFAULT_SCHEMA, *, since: int = 0) -> str:
    """Return the SQL of the tables in PostgreSQL, for users who run migrations themselves.

    Args:
        schema: The schema's name.
        since: The existing version, from the table `schema_version`; the later changes are returned.

    Raises:
        ConfigurationError: *schema* is not a plain name.

    Example:
        >>> postgres_schema().splitlines()[0]
        'CREATE SCHEMA IF NOT EXISTS "tiktok";'
    """
    return schema_sql(quote_schema(schema), since=since)


def schema_sql(quoted: str, *, since: int = 0) -> str:
    """Return the SQL that makes the tables, or brings them up to date.

    Args:
        quoted: The schema's name, quoted for SQL.
        since: The existing version; 0 for none.
    """
    start = "" if since else f"CREATE SCHEMA IF NOT EXISTS {quoted};\n{_VERSION_TABLE}"
    end = f"\nUPDATE {{schema}}.schema_version SET version = {len(MIGRATIONS)};\n"
    return "".join([start, *MIGRATIONS[since:], end]).replace("{schema}", quoted)


async def bring_up_to_date(connection: AsyncConnection[Any], quoted: str, clock: Clock) -> None:
    """Make the tables or bring them up to date, if needed. Any number of processes may do it at once.

    Args:
        connection: The connection to the database.
        quoted: The schema's name, quoted for SQL.
        clock: Times the waits for another process.

    Raises:
        StoreError: A newer version made them, another program has such a table, or the role may not make them.
        psycopg.Error: PostgreSQL failed.
    """
    for _ in range(_TRIES):
        try:
            if await _version(connection, quoted) == len(MIGRATIONS):
                return
            async with connection.transaction():
                await _upgrade(connection, quoted)
        except _OTHERS_WERE_FIRST:
            await clock.sleep(0.05 * (0.5 + clock.random()))
        except states.InsufficientPrivilege as error:
            raise StoreError(
                f"PostgreSQL failed: {error.diag.message_primary}. The role may not make the tables of the schema "
                f"{quoted}: run the SQL of `tiktok-async schema postgres` as a role that may, and grant this one USAGE "
                "on the schema, and SELECT, INSERT, UPDATE and DELETE on its tables."
            ) from None
        except states.ReadOnlySqlTransaction:
            raise StoreError(
                f"The tables of the schema {quoted} are missing or old, and this server is a read-only standby: "
                "connect to the primary."
            ) from None
    raise StoreError(
        f"The tables in the schema {quoted} of this database are not this library's; choose another schema."
    )


async def _version(connection: AsyncConnection[Any], quoted: str) -> int:
    """Return the existing version, 0 for none."""
    cursor = connection.cursor(row_factory=tuple_row)
    await cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{quoted}.schema_version"], prepare=False)
    if (await cursor.fetchall())[0][0] is not True:
        return 0
    await cursor.execute(f"SELECT version FROM {quoted}.schema_version".encode(), prepare=False)  # noqa: S608 - a checked name
    version = int((await cursor.fetchall())[0][0])
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The tables in the schema {quoted} were made by a newer version of this library (version {version}, this "
            f"one knows {len(MIGRATIONS)}); update tiktok-async."
        )
    return version


async def _upgrade(connection: AsyncConnection[Any], quoted: str) -> None:
    """Upgrade in the open transaction. Another process waits meanwhile for the row or for the name."""
    found = await _version(connection, quoted)
    if found:
        await connection.execute(f"SELECT version FROM {quoted}.schema_version FOR UPDATE".encode(), prepare=False)  # noqa: S608 - a checked name
        found = await _version(connection, quoted)
    if found == len(MIGRATIONS):
        return
    cursor = connection.cursor(row_factory=tuple_row)
    await cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [quoted], prepare=False)
    text = schema_sql(quoted, since=found)
    if (await cursor.fetchall())[0][0] is True:
        # A role that may use a schema may lack the right to make one.
        text = text.replace(f"CREATE SCHEMA IF NOT EXISTS {quoted};\n", "", 1)
    # PostgreSQL runs several statements at once only without parameters.
    await connection.execute(text.encode(), prepare=False)
