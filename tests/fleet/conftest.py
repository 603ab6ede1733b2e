"""Stores that processes share."""

from pathlib import Path

import pytest

from tests.postgres_server import new_schema


def url_of(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of the store that the fixture's parameter names."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tokens.db'}"
    if request.param == "postgres":
        return str(request.getfixturevalue("safe_postgres").url(schema=new_schema()))
    return str(request.getfixturevalue("own_redis").url)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("redis", marks=pytest.mark.redis),
        pytest.param("postgres", marks=pytest.mark.postgres),
    ]
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that processes share."""
    return url_of(request, tmp_path)
