"""Covers are asked for again before they end, twenty a request."""

from collections.abc import AsyncIterator
from datetime import timedelta

from tests.sync.conftest import World
from tiktok_async import refresh_covers
from tiktok_async.models import Endpoint, Video


async def _covers(world: World, open_id: str) -> list[Video]:
    return await world.session.account(open_id).videos().collect()


async def test_covers_that_end_soon_are_requested_by_twenty_and_others_are_not(world: World) -> None:
    user = await world.connect(videos=45)
    stored = await _covers(world, user.open_id)
    assert [video async for video in refresh_covers(world.session, user.open_id, stored)] == []
    world.emulator.clock.advance(timedelta(hours=5, minutes=30))
    fresh = [video async for video in refresh_covers(world.session, user.open_id, stored)]
    assert {video.id for video in fresh} == {video.id for video in stored}
    assert world.emulator.requests.counts[Endpoint.VIDEO_QUERY] == 3
    ends = world.session.clock.now() + timedelta(hours=5, minutes=59)
    assert all(video.cover_expires_at and video.cover_expires_at > ends for video in fresh)
    assert all(video.title is None for video in fresh)


async def test_expired_unknown_and_missing_covers_are_requested_and_gone_videos_are_not(world: World) -> None:
    user = await world.connect(videos=4)
    ids = user.videos.ids()
    user.videos.remove(ids[3])

    async def stored() -> AsyncIterator[Video]:
        yield Video(id=ids[0], cover_image_url=None)
        yield Video(id=ids[1], cover_image_url="https://p16.example/a.image")
        yield Video(id=ids[2], cover_image_url="https://p16.example/a.image?x-expires=1")
        yield Video(id=ids[3], cover_image_url=None)

    account = world.session.account(user.open_id)
    fresh = [video async for video in refresh_covers(world.session, account, stored(), within=timedelta(hours=2))]
    assert [video.id for video in fresh] == ids[:3]
