"""A worker of the example that is told to end while a rotation is under way, on any engine."""

import asyncio
from datetime import timedelta
from pathlib import Path

from attrs import evolve
from redis.asyncio import Redis

from tests.sync.conftest import token_of
from tests.sync.fleet import Fleet
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint, TokenState
from tiktok_async.stores import open_store


async def end_in_mid_rotation(engine: str, redis_url: str, directory: Path) -> None:
    """Send SIGTERM between TikTok's answer and the save, and see that it is saved."""
    async with Redis.from_url(redis_url) as redis:
        await redis.flushdb()
    async with Emulator() as emulator:
        user, store = emulator.add_user(videos=1), open_store(redis_url)
        token = token_of(emulator, user)
        await store.put(evolve(token, expires_at=token.updated_at + timedelta(seconds=1)), expected_version=None)
        slow = emulator.fail_next(Endpoint.TOKEN, delay=timedelta(seconds=0.7))
        environment = {
            "TIKTOK_CLIENT_KEY": emulator.client_key,
            "TIKTOK_CLIENT_SECRET": emulator.client_secret,
            "TIKTOK_BASE_URL": emulator.url,
            "REDIS_URL": redis_url,
            "VIDEOS_DB": str(directory / "videos.db"),
            "SYNC_EVERY": "1",
            "SYNC_PERIOD": "0.5",
        }
        fleet = Fleet(engine, environment, directory)
        try:
            await fleet.start(1)
            while slow.times:
                await asyncio.sleep(0.01)
            codes = await fleet.end()
        finally:
            await fleet.stop()
        stored = await store.get(token.key)
        await store.aclose()
    assert stored is not None
    assert emulator.refreshes == {user.open_id: 1}
    assert (stored.state, stored.attempt) == (TokenState.ACTIVE, None)
    assert stored.refresh_token != token.refresh_token
    assert codes == [0, 0]
