"""The recipes of docs/postgresql.md make and delete the tables in the database of an application."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine
from sybil import Document
from sybil.parsers.myst import PythonCodeBlockParser

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.models import AccountKey
from tiktok_async.stores import PostgresTokenStore
from tiktok_async.testing._store_records import make_token

pytestmark = pytest.mark.postgres

PAGE = Path(__file__).parents[3] / "docs" / "postgresql.md"


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """The name of a new database, as an application has one."""
    name = new_schema()
    postgres.execute(f"CREATE DATABASE {name}")
    return name


def recipe(words: str) -> str:
    """Return the block of the page that contains *words*."""
    examples = Document.parse(str(PAGE), PythonCodeBlockParser()).examples()
    (block,) = [str(example.parsed) for example in examples if words in str(example.parsed)]
    return block


def url_of(server: PostgresServer, database: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{server.port}/{database}"


async def uses(server: PostgresServer, database: str) -> None:
    """Store and read a token as a role that may not create anything."""
    role = new_schema()
    server.execute(f"CREATE ROLE {role} LOGIN")
    owner = PostgresTokenStore(url_of(server, database))
    await owner._link.run("SELECT 1")
    # The lines of the page.
    for line in PAGE.read_text().splitlines():
        if line.startswith("GRANT "):
            await owner._link.run(line.replace(" app;", f" {role}"))
    await owner.aclose()
    store = PostgresTokenStore(url_of(server, database).replace("postgres@", f"{role}@"))
    stored = await store.put(make_token(AccountKey("app", "one")), expected_version=0)
    assert await store.get(stored.key) == stored
    await store.aclose()


async def test_a_migration_of_alembic_makes_and_deletes_the_tables(postgres: PostgresServer, database: str) -> None:
    names: dict[str, Any] = {}
    exec(recipe("from alembic import op"), names)
    engine = create_engine(url_of(postgres, database).replace("://", "+psycopg://"))

    def migrate(step: Callable[[], None]) -> None:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            with context.begin_transaction(), Operations.context(context):
                step()
            connection.commit()

    migrate(names["upgrade"])
    await uses(postgres, database)
    migrate(names["downgrade"])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT to_regnamespace('tiktok')").scalar() is None
    engine.dispose()


_DJANGO = """
import sys
from django.conf import settings

user, host, port, name = sys.argv[1:5]
settings.configure(
    DATABASES={"default": dict(ENGINE="django.db.backends.postgresql", USER=user, HOST=host, PORT=port, NAME=name)}
)
from django.db import connection
from django.db.migrations.state import ProjectState

names = {}
exec(sys.stdin.read(), names)
migration = names["Migration"]("0001", "app")
with connection.schema_editor() as editor:
    {"up": migration.apply, "down": migration.unapply}[sys.argv[5]](ProjectState(), editor)
"""


async def test_a_migration_of_django_makes_and_deletes_the_tables(postgres: PostgresServer, database: str) -> None:
    def migrate(way: str) -> None:
        arguments = ("postgres", "127.0.0.1", str(postgres.port), database, way)
        text = recipe("migrations.RunSQL")
        subprocess.run([sys.executable, "-c", _DJANGO, *arguments], input=text, text=True, check=True)

    migrate("up")
    await uses(postgres, database)
    migrate("down")
    store = PostgresTokenStore(url_of(postgres, database))
    assert await store._link.run("SELECT to_regnamespace('tiktok')") != [(None,)]  # created again on this first use
    assert [key async for key in store.keys("app")] == []
    await store.aclose()


def test_the_url_of_djangos_settings_may_hold_any_password() -> None:
    names: dict[str, Any] = {}
    exec(recipe("def store_url"), names)
    password = "p@ss:/?#[]%"
    settings = {"USER": "app", "PASSWORD": password, "HOST": "", "PORT": "", "NAME": "shop"}
    assert names["store_url"](settings) == f"postgresql://app:{quote(password, safe='')}@localhost:5432/shop"
    PostgresTokenStore(names["store_url"](settings))
