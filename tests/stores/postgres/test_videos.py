"""The video table in PostgreSQL: one row for a video after any number of writes by any number of processes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.models import Video
from tiktok_async.stores import PostgresVideoTable

pytestmark = pytest.mark.postgres

POSTED = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def schema() -> str:
    return new_schema()


@pytest.fixture
async def table(postgres: PostgresServer, schema: str) -> AsyncIterator[PostgresVideoTable]:
    async with PostgresVideoTable(postgres.url(schema=schema)) as table:
        yield table


async def test_each_video_is_a_row_with_its_fields(
    table: PostgresVideoTable, postgres: PostgresServer, schema: str
) -> None:
    video = Video(id="7", create_time=POSTED, duration=timedelta(seconds=31), title="a\0b ✗", view_count=2**40)
    await table.upsert("one", [video])
    rows = postgres.execute(f"SELECT create_time, duration, title, view_count, share_url, gone FROM {schema}.videos")
    assert rows == [(POSTED, 31.0, "a\\0b ✗", 2**40, None, False)]


async def test_a_video_that_is_listed_again_is_not_marked_as_gone(table: PostgresVideoTable) -> None:
    for gone, listed in (((), 1), (("7",), 0), ((), 1)):
        await table.upsert("one", [Video(id="7", title="x")] if not gone else [], gone)
        assert (await table.counts())[1] == listed


async def test_the_last_of_two_videos_with_one_id_is_stored_and_a_written_video_can_be_marked_as_gone(
    table: PostgresVideoTable,
) -> None:
    covers = [Video(id="7", cover_image_url=f"https://x/{number}") for number in range(3)]
    await table.upsert("one", covers)
    assert await table.covers("one") == covers[-1:]
    await table.upsert("one", covers, gone=["7", "8"])
    assert await table.counts() == (0, 0)


async def test_concurrent_writes_of_the_same_videos_leave_one_row_each(
    table: PostgresVideoTable, postgres: PostgresServer, schema: str
) -> None:
    tables = [table, *(PostgresVideoTable(postgres.url(schema=schema)) for _ in range(3))]
    videos = [Video(id=str(number), like_count=number) for number in range(50)]
    orders = (videos, videos[::-1])
    await asyncio.gather(*(one.upsert("one", order) for one in tables for order in orders for _ in range(3)))
    assert await table.counts() == (1, 50)
    for one in tables[1:]:
        await one.aclose()


async def test_a_cover_is_replaced_in_its_row(table: PostgresVideoTable, postgres: PostgresServer, schema: str) -> None:
    await table.upsert("one", [Video(id="7", title="kept", cover_image_url="https://x/old")])
    await table.set_cover("one", Video(id="7", cover_image_url="https://x/new"))
    assert await table.covers("one") == [Video(id="7", cover_image_url="https://x/new")]
    assert postgres.execute(f"SELECT title FROM {schema}.videos") == [("kept",)]
