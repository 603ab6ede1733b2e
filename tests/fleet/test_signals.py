"""Processes that get SIGTERM, or are stopped and continued, during a refresh."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest
from attrs import evolve

from tiktok_async.emulator import Emulator
from tiktok_async.errors import ReauthorizationRequired
from tiktok_async.models import AccountKey, Endpoint, Token, TokenState
from tiktok_async.stores import open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_TIMEOUT = 1.0  # seconds for a request; a lease is three times as long


class Scene:
    """An emulator in this process, one account, and a process that refreshes its token."""

    def __init__(self, emulator: Emulator, store: str) -> None:
        self.emulator = emulator
        self.store = store
        self.open_id = ""
        self._process: Process | None = None

    async def log_in(self) -> None:
        async with self.emulator.session(store=self.store) as session:
            account = await self.emulator.connect(session, self.emulator.add_user())
            token = await account.token()
        self.open_id = account.open_id
        # Expired, so that each process refreshes it or uses the token of another process.
        store = open_store(self.store)
        await store.put(evolve(token, expires_at=token.updated_at), expected_version=1)
        await store.aclose()

    async def start(self, *, stop_at: str = "", patience: float = _TIMEOUT) -> Process:
        settings: dict[str, Any] = {
            "url": self.emulator.url,
            "client_key": self.emulator.client_key,
            "client_secret": self.emulator.client_secret,
            "store": self.store,
            "open_id": self.open_id,
            "stop_at": stop_at,
            "timeout": patience,
        }
        script = Path(__file__).with_name("refresher.py")
        # A session of its own: otherwise the kernel continues a stopped process when the shell that started it ends.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), json.dumps(settings), stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        return self._process

    async def stopped(self) -> None:
        """Wait until the process has stopped itself."""
        assert self._process is not None
        state = psutil.Process(self._process.pid)
        async with asyncio.timeout(100):
            while state.status() != psutil.STATUS_STOPPED:
                await asyncio.sleep(0.01)

    async def rotated(self) -> None:
        """Wait until TikTok has rotated; its answer takes longer."""
        async with asyncio.timeout(100):
            while not self.emulator.refreshes:
                await asyncio.sleep(0.01)

    async def outcome(self) -> str:
        """Wait for the orderly end, and return the output of the process."""
        assert self._process is not None
        output, complained = await asyncio.wait_for(self._process.communicate(), 100)
        assert (self._process.returncode, complained.decode()) == (0, "")
        return output.decode()

    async def use(self) -> Token:
        """Ask for the token as another worker does."""
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
        async with self.emulator.session(store=self.store, timeout=timeout) as session:
            return await session.account(self.open_id).token()

    async def refresh(self) -> None:
        """Rotate the stored token; that works only with the pair that TikTok gave last."""
        async with self.emulator.session(store=self.store) as session:
            await session.oauth.refresh(self.open_id)

    async def stored(self) -> Token:
        store = open_store(self.store)
        token = await store.get(AccountKey(self.emulator.client_key, self.open_id))
        await store.aclose()
        assert token is not None
        return token

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


@pytest.fixture
async def scene(store_url: str) -> AsyncIterator[Scene]:
    async with Emulator() as emulator:
        scene = Scene(emulator, store_url)
        await scene.log_in()
        yield scene
        await scene.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_process_that_gets_sigint_or_sigterm_during_a_refresh_saves_the_token(
    scene: Scene, number: signal.Signals
) -> None:
    scene.emulator.fail_next(Endpoint.TOKEN, drip=timedelta(seconds=7))
    process = await scene.start(patience=60)
    await scene.rotated()
    process.send_signal(number)
    ending = asyncio.ensure_future(scene.outcome())
    while not ending.done():
        await asyncio.sleep(0.05)
        scene.emulator.clock.advance(timedelta(seconds=1))
    assert await ending == "interrupted"
    stored = await scene.stored()
    assert (stored.state, stored.attempt, stored.version) == (TokenState.ACTIVE, None, 4)
    # The saved pair is the one that TikTok gave.
    await scene.refresh()
    assert scene.emulator.refreshes == {scene.open_id: 2}
    assert scene.emulator.reuses == {}


@pytest.mark.parametrize("point", ["read", "announced"])
async def test_a_holder_stopped_for_longer_than_its_lease_adopts_what_its_successor_stored(
    scene: Scene, point: str
) -> None:
    process = await scene.start(stop_at=point)
    await scene.stopped()
    newer = await scene.use()
    process.send_signal(signal.SIGCONT)
    assert json.loads(await scene.outcome()) == {"version": newer.version, "rotations": 0}
    assert await scene.stored() == newer
    assert scene.emulator.refreshes == {scene.open_id: 1}
    assert scene.emulator.reuses == {}


async def test_a_holder_stopped_between_the_answer_and_the_save_brings_the_account_back(scene: Scene) -> None:
    process = await scene.start(stop_at="answered")
    await scene.stopped()
    # No other process has the new token: the one replay shows that the old refresh token was used.
    with pytest.raises(ReauthorizationRequired) as raised:
        await scene.use()
    assert raised.value.reason == "interrupted_rotation"
    process.send_signal(signal.SIGCONT)
    assert json.loads(await scene.outcome())["rotations"] == 1
    stored = await scene.stored()
    assert (stored.state, stored.attempt) == (TokenState.ACTIVE, None)
    await scene.refresh()
    assert scene.emulator.reuses == {scene.open_id: 1}
