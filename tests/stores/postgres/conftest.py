"""The server directly, and through PgBouncer."""

import pytest


@pytest.fixture(params=["postgres_url", "pgbouncer_url"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """A URL of the schema that is shared by tests which use accounts of their own."""
    return str(request.getfixturevalue(request.param))
