"""A process is killed between any two steps of a rotation: the account still works, or is marked as interrupted."""

import asyncio
from datetime import timedelta

import pytest

from tests.tokens.fakes import FlakyStore, TokenWorld
from tiktok_async.errors import ReauthorizationRequired
from tiktok_async.models import Token, TokenState

LIFE = timedelta(hours=2)


class Killed(BaseException):
    """Raised in a killed process, of which nothing runs any more."""


class Process:
    """A token manager that dies at its n-th call of the store or of TikTok."""

    def __init__(self, world: TokenWorld, dies_at: int) -> None:
        self._world = world
        self._left = dies_at
        self.steps = 0
        self._store = FlakyStore(world.memory)
        self._store.before = self._store.after = self._step
        self.manager = world.manager(store=self._store, refresh_grant=self._refresh)

    def _step(self, name: str) -> None:
        del name
        self.steps += 1
        if self.steps >= self._left:
            self._store.alive = False
            raise Killed

    async def _refresh(self, token: Token) -> Token:
        self._step("grant")
        answer = await self._world.provider.refresh(token)
        self._step("grant")
        return answer

    async def run(self) -> bool:
        """Ask for a token; return whether the process survived."""
        call = asyncio.ensure_future(self.manager.token("user"))
        while not call.done() and self._store.alive:
            await self._world.clock.advance(10)
        await asyncio.wait([call])
        call.exception()
        await self._world.clock.settle()
        return self._store.alive


async def _recovered(world: TokenWorld) -> None:
    """A healthy process uses the account, or marks it and sends no further request."""
    manager = world.manager()
    for _ in range(5):
        reason: str | None = None
        try:
            token = await world.clock.run(manager.token("user"))
        except ReauthorizationRequired as error:
            reason = error.reason
        else:
            assert world.provider.is_live(token)
        stored = await world.stored()
        assert stored.reason == reason
        assert reason in (None, "interrupted_rotation")
        assert (stored.state is TokenState.ACTIVE) == (reason is None)
        await world.clock.advance(60)
    await manager.aclose()


async def _expired(world: TokenWorld) -> None:
    manager = await world.connected()
    await manager.aclose()
    await world.clock.advance(LIFE)


@pytest.mark.parametrize("grace", [False, True])
async def test_a_process_killed_between_any_two_steps_leaves_an_account_that_works_or_is_marked(*, grace: bool) -> None:
    lived = False
    dies_at = lost = 0
    while not lived:
        dies_at += 1
        world = TokenWorld(grace=grace)
        await _expired(world)
        lived = await Process(world, dies_at).run()
        processed = world.provider.asked["rft.user.1"]
        saved = world.provider.is_live(await world.stored())
        await _recovered(world)
        assert world.provider.asked["rft.user.1"] <= 2
        marked = (await world.stored()).state is TokenState.REAUTHORIZATION_REQUIRED
        # Only a kill between TikTok's answer and the save loses a token, on a server without grace.
        assert marked == (bool(processed) and not saved and not grace)
        lost += marked
    assert dies_at > 8
    assert lost == (0 if grace else 2)


async def test_two_processes_killed_one_after_the_other_cause_no_endless_replay() -> None:
    lived = False
    first = 0
    while not lived:
        first += 1
        second = 0
        again = False
        while not again:
            second += 1
            world = TokenWorld()
            await _expired(world)
            lived = await Process(world, first).run()
            again = await Process(world, second).run()
            await _recovered(world)
            assert world.provider.asked["rft.user.1"] <= 3
            assert len(world.provider.reuses) <= 2
