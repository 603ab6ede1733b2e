"""What crash reporters show: the variables of every frame of an exception, and of those it came from."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import pytest

from tiktok_async import Endpoint, TikTokSession
from tiktok_async.emulator import Emulator
from tiktok_async.errors import TikTokError


def _shown(error: BaseException | None) -> Iterator[str]:
    """Yield the variables that a crash reporter would send, without the frames of this file."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield repr(error)
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename != __file__:
                for name, value in step.tb_frame.f_locals.items():
                    yield f"{step.tb_frame.f_code.co_qualname}: {name} = {value!r}"
            step = step.tb_next
        error = error.__cause__ or error.__context__


async def _secrets(emulator: Emulator, session: TikTokSession) -> tuple[str, list[str]]:
    account = await emulator.connect(session, emulator.add_user())
    token = await account.token()
    return account.open_id, [
        token.access_token.reveal(),
        token.refresh_token.reveal(),
        emulator.client_secret,
        "code-that-nobody-may-see",
    ]


@pytest.mark.parametrize("what", ["a call", "a refresh", "a login", "a client token"])
@pytest.mark.parametrize("how", ["a timeout", "a broken connection"])
async def test_no_frame_that_an_exception_leaves_behind_holds_a_secret(
    emulator: Emulator, session: TikTokSession, what: str, how: str
) -> None:
    open_id, secrets = await _secrets(emulator, session)
    works: dict[str, Callable[[], Awaitable[object]]] = {
        "a call": session.account(open_id).user_info,
        "a refresh": lambda: session.oauth.refresh(open_id),
        "a login": lambda: session.oauth.exchange("code-that-nobody-may-see"),
        "a client token": session.oauth.client_token,
    }
    endpoint = Endpoint.USER_INFO if what == "a call" else Endpoint.TOKEN
    if how == "a timeout":
        emulator.fail_next(endpoint, delay=timedelta(seconds=1))
    else:
        emulator.fail_next(endpoint, drop="before", times=10)
    with pytest.raises((TimeoutError, TikTokError)) as raised:
        async with asyncio.timeout(0.2 if how == "a timeout" else None):
            await works[what]()
    shown = list(_shown(raised.value))
    assert shown
    for secret in secrets:
        leaking = [line for line in shown if secret in line]
        assert not leaking, [line.partition(" = ")[0] for line in leaking]


def test_a_session_that_cannot_be_made_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", "key")
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "secret-canary")
    makes: tuple[Callable[[], TikTokSession], ...] = (
        lambda: TikTokSession(client_key="key", client_secret="secret-canary", base_url="nowhere"),
        lambda: TikTokSession.from_env(base_url="nowhere"),
    )
    for make in makes:
        with pytest.raises(TikTokError) as raised:
            make()
        assert not [line for line in _shown(raised.value) if "secret-canary" in line]
