"""Any schedule of processes, faults and waits: a refresh token is used once, and again only after a lost answer."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.tokens.fakes import FlakyStore, TokenWorld, failing
from tiktok_async.errors import ReauthorizationRequired, ServerError, TikTokError, TransportError
from tiktok_async.models import TokenState

_PROCESSES = 3
_Fault = tuple[bool, TikTokError]

_UNSENT: _Fault = (False, TransportError("no route", sent=False))
_LOST_BEFORE: _Fault = (False, TransportError("reset", sent=True))
_LOST_AFTER: _Fault = (True, TransportError("reset", sent=True))
_GARBLED_BEFORE: _Fault = (False, ServerError("internal_error", status=500))
_GARBLED_AFTER: _Fault = (True, ServerError("internal_error", status=502))

_process = st.integers(0, _PROCESSES - 1)
_harmless = st.one_of(
    st.tuples(st.just("token"), _process),
    st.tuples(st.just("usable"), _process),
    st.tuples(st.just("refresh"), _process),
    st.tuples(st.just("cancel"), _process),
    st.tuples(st.just("restart"), _process),
    st.tuples(st.just("advance"), st.sampled_from([0.05, 0.15, 1.0, 30.0, 100.0, 3000.0, 7200.0])),
    st.tuples(st.just("get"), st.integers(1, 4)),
    st.tuples(st.just("put"), st.integers(1, 4)),
    st.tuples(st.just("lease"), st.integers(1, 4)),
    st.tuples(st.just("lost put"), st.integers(1, 2)),
    st.tuples(st.just("fault"), st.sampled_from([_UNSENT, _LOST_BEFORE, _GARBLED_BEFORE])),
)
_harmful = st.tuples(st.just("fault"), st.sampled_from([_LOST_AFTER, _GARBLED_AFTER]))


class Fleet:
    """Several processes on one store, driven step by step."""

    def __init__(self, *, grace: bool) -> None:
        self.world = TokenWorld(grace=grace)
        self.stores = [FlakyStore(self.world.memory) for _ in range(_PROCESSES)]
        self.managers = [self.world.manager(store=store) for store in self.stores]
        self.calls: list[asyncio.Task[Any]] = []

    async def step(self, what: str, value: Any) -> None:
        """Take one step of the schedule."""
        store = self.stores[value % _PROCESSES] if isinstance(value, int) else self.stores[0]
        match what:
            case "advance":
                await self.world.clock.advance(value)
            case "fault":
                self.world.provider.faults.append(value)
            case "get" | "put" | "lease":
                store.before = failing(what, value)
            case "lost put":
                store.after = failing("put", value)
            case "cancel":
                for call in self.calls[value::_PROCESSES]:
                    call.cancel()
            case "restart":
                await self.world.clock.run(self.managers[value].aclose(timedelta(minutes=5)))
                self.managers[value] = self.world.manager(store=self.stores[value])
            case "usable":
                self.managers[value].usable("user")
            case _:
                self.calls.append(asyncio.ensure_future(getattr(self.managers[value], what)("user")))
                await asyncio.sleep(0)

    async def end(self) -> None:
        """End all faults, and let all work finish."""
        for store in self.stores:
            store.before = store.after = lambda _: None
        self.world.provider.faults.clear()
        await self.world.clock.advance(400)
        await self.world.clock.run(asyncio.gather(*self.calls, return_exceptions=True))
        for manager in self.managers:
            await self.world.clock.run(manager.aclose(timedelta(minutes=5)))


async def _play(steps: list[tuple[str, Any]], *, grace: bool) -> TokenWorld:
    fleet = Fleet(grace=grace)
    world = fleet.world
    await fleet.managers[0].save_login(world.provider.login("user"))
    for what, value in steps:
        await fleet.step(what, value)
    await fleet.end()
    for secret, asked in world.provider.asked.items():
        assert asked <= 1 + world.provider.lost[secret], "a refresh token was used twice without a lost answer"
    return world


_settings = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@_settings
@given(st.lists(_harmless, max_size=25))
def test_only_a_lost_answer_loses_a_grant_or_uses_a_refresh_token_twice(steps: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        world = await _play(steps, grace=False)
        assert world.provider.is_live(await world.stored())
        assert not world.provider.reuses
        token = await world.clock.run(world.manager().token("user"))
        assert token.state is TokenState.ACTIVE

    asyncio.run(run())


# Two processes write an attempt in the same microsecond; the one whose write failed treats the other as its own.
_AT_ONE_TIME: list[tuple[str, Any]] = [
    ("token", 1),
    ("put", 1),
    ("fault", _LOST_AFTER),
    ("token", 0),
    ("refresh", 1),
    ("refresh", 0),
    ("advance", 0.05),
]


# The refresh begins after the whole drain time at the end has passed.
_LATE: list[tuple[str, Any]] = [
    ("advance", 7200.0),
    ("lost put", 2),
    ("token", 0),
    ("restart", 1),
    ("restart", 1),
    ("token", 2),
    ("token", 1),
    ("cancel", 2),
    ("refresh", 2),
]


@_settings
@given(st.lists(st.one_of(_harmless, _harmful), max_size=25))
@example(_AT_ONE_TIME)
@example(_LATE)
def test_a_lost_answer_ends_only_as_an_interrupted_rotation(steps: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        world = await _play(steps, grace=False)
        reason: str | None = None
        try:
            token = await world.clock.run(world.manager().token("user"))
        except ReauthorizationRequired as error:
            reason = error.reason
        else:
            # The access token of a lost grant may still be valid until the loss is detected.
            assert world.provider.is_live(token) or world.provider.lost.total() > 0
        assert reason is None or (reason == "interrupted_rotation" and world.provider.lost.total() > 0)

    asyncio.run(run())


@_settings
@given(st.lists(st.one_of(_harmless, _harmful), max_size=25))
def test_a_server_with_a_grace_period_loses_nothing_at_all(steps: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        world = await _play(steps, grace=True)
        token = await world.clock.run(world.manager().refresh("user"))
        assert world.provider.is_live(token)
        assert (await world.stored()).state is TokenState.ACTIVE

    asyncio.run(run())
