"""`tiktok-async schema`."""

import sys
from typing import Annotated, Literal

from cyclopts import Parameter


def command(
    database: Annotated[Literal["postgres"], Parameter(help="The kind of database.")],
    /,
    *,
    schema: str = "tiktok",
    since: int = 0,
) -> None:
    """Write the SQL of the stores' tables, for those who run their migrations themselves.

    Nobody has to: the library makes its tables on first use, if its role may.

    Args:
        database: The kind of database.
        schema: The schema's name.
        since: The version that is there, as its table `schema_version` says; what has come since is written.
    """
    from tiktok_async_stores.postgres.link import quote_schema
    from tiktok_async_stores.postgres.schema import schema_sql

    del database  # there is one
    sys.stdout.write(schema_sql(quote_schema(schema), since=since))
