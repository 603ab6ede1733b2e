"""What crash reporters show: the variables of every frame of an exception, and of those it came from."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from tiktok_async import Endpoint, PrivacyLevel, TikTokSession, VideoPost
from tiktok_async.emulator import Emulator
from tiktok_async.errors import TikTokError

SCOPES = {"user.info.basic", "video.publish", "portability.all.ongoing"}


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
    account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
    token = await account.token()
    return account.open_id, [
        token.access_token.reveal(),
        token.refresh_token.reveal(),
        emulator.client_secret,
        "code-that-nobody-may-see",
    ]


@pytest.mark.parametrize(
    ("how", "what"),
    [
        *product(("a timeout", "a broken connection"), ("a call", "a refresh", "a login", "a client token", "a chunk")),
        *product(("a timeout", "a timeout within an answer"), ("a download",)),
    ],
)
async def test_no_frame_that_an_exception_leaves_behind_holds_a_secret(
    emulator: Emulator, session: TikTokSession, tmp_path: Path, what: str, how: str
) -> None:
    open_id, secrets = await _secrets(emulator, session)
    account = session.account(open_id)
    archive = await account.portability.add(["all_data"])
    await archive.wait()
    publish = await account.post_video(bytes(100_000), VideoPost(privacy_level=PrivacyLevel.SELF_ONLY))
    secrets.append(re.findall(r"upload_token=(\w+)", publish.to_json())[0])

    async def upload() -> None:
        async with aclosing(publish.upload()) as progress:
            async for _ in progress:
                pass

    works: dict[str, tuple[Endpoint | str, Callable[[], Awaitable[object]]]] = {
        "a call": (Endpoint.USER_INFO, account.user_info),
        "a refresh": (Endpoint.TOKEN, lambda: session.oauth.refresh(open_id)),
        "a login": (Endpoint.TOKEN, lambda: session.oauth.exchange("code-that-nobody-may-see")),
        "a client token": (Endpoint.TOKEN, session.oauth.client_token),
        "a download": (Endpoint.PORTABILITY_DOWNLOAD, lambda: archive.download(tmp_path / "archive.zip")),
        "a chunk": ("upload", upload),
    }
    endpoint, work = works[what]
    if how == "a timeout":
        emulator.fail_next(endpoint, delay=timedelta(seconds=1))
    elif how == "a timeout within an answer":
        emulator.fail_next(endpoint, drip=timedelta(seconds=1))
    else:
        emulator.fail_next(endpoint, drop="before", times=10)
    with pytest.raises((TimeoutError, TikTokError)) as raised:
        async with asyncio.timeout(None if how == "a broken connection" else 0.2):
            await work()
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
