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

    This is not required: the library makes its tables on first use, if its role has the permission.

    Args:
        database: The kind of database.
        schema: The schema's name.
        since: The current version, from the table `schema_version`; only newer changes are written.
    """
    from tiktok_async.errors import ConfigurationError

    del database  # there is one
    try:
        from tiktok_async.stores import postgres_schema
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    sys.stdout.write(postgres_schema(schema, since=since))
