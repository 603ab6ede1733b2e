"""A session in a second event loop, whatever state its tokens are in, says so in its own words."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from attrs import evolve

from tiktok_async import Endpoint, TikTokSession
from tiktok_async.emulator import Emulator
from tiktok_async.errors import WrongEventLoop


async def _first_video(session: TikTokSession, open_id: str) -> object:
    return [video async for video in session.account(open_id).videos(limit=1)]


async def _accounts(session: TikTokSession, open_id: str) -> object:
    del open_id
    return [account async for account in session.accounts()]


async def _sweep_in_the_background(session: TikTokSession, open_id: str) -> None:
    del open_id
    async with session.keep_fresh():
        pass


USES: dict[str, Callable[[TikTokSession, str], Awaitable[object]]] = {
    "a call": lambda session, open_id: session.account(open_id).user_info(),
    "a token": lambda session, open_id: session.account(open_id).token(),
    "a listing": _first_video,
    "accounts": _accounts,
    "any endpoint": lambda session, open_id: session.request("GET", "/v2/user/info/", open_id=open_id),
    "a refresh": lambda session, open_id: session.oauth.refresh(open_id),
    "a sweep": lambda session, _: session.refresh_due(timedelta(days=1)),
    "sweeps": _sweep_in_the_background,
    "a login": lambda session, _: session.oauth.exchange("code"),
    "a client token": lambda session, _: session.oauth.client_token(),
    "the end of a grant": lambda session, open_id: session.oauth.revoke(open_id),
    "a limit": lambda session, open_id: session.remaining(open_id, Endpoint.USER_INFO),
    "closing": lambda session, _: session.aclose(),
}


@pytest.mark.parametrize("expired", [False, True])
def test_every_use_from_a_second_event_loop_is_refused(*, expired: bool) -> None:
    async def begin(emulator: Emulator, session: TikTokSession) -> str:
        account = await emulator.connect(session, emulator.add_user())
        await account.user_info()
        if expired:
            token = await account.token()
            await session._store.put(evolve(token, expires_at=token.updated_at), expected_version=None)
            emulator.clock.advance(timedelta(days=2))
        return account.open_id

    async def use(name: str, session: TikTokSession, open_id: str) -> None:
        with pytest.raises(WrongEventLoop):
            await USES[name](session, open_id)

    with asyncio.Runner() as first:
        emulator = Emulator()
        first.run(emulator.__aenter__())
        session = emulator.session(clock=emulator.clock)
        open_id = first.run(begin(emulator, session))
        for name in USES:
            asyncio.run(use(name, session, open_id))
        # The session still works.
        first.run(session.account(open_id).user_info())
        first.run(session.aclose())
        first.run(emulator.__aexit__(None, None, None))
