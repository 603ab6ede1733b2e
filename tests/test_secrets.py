"""No secret shows: not in a repr, a message, an event, a DEBUG record of any library, or an error with its causes."""

import asyncio
import copy
import io
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from tiktok_async import (
    Account,
    Endpoint,
    Event,
    ReauthorizationRequired,
    TikTokError,
    TikTokSession,
)
from tiktok_async.emulator import Emulator

SCOPES = {"user.info.basic", "video.list", "video.publish", "video.upload"}
CLIENT_SECRET = "canary-client-secret-0451"


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Every record of every logger, at DEBUG, with its arguments and its traceback."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(client_secret=CLIENT_SECRET) as running:
        yield running


def secrets_of(emulator: Emulator) -> set[str]:
    """Every token and code that this emulator ever gave out or was sent, and the app's secret."""
    found = {CLIENT_SECRET}
    for request in emulator.requests:
        header = request.headers.get("Authorization", "")
        found.add(header.removeprefix("Bearer "))
        if request.endpoint is Endpoint.TOKEN:
            found |= {value for name, value in request.form.items() if name in SECRET_FIELDS}
    return {secret for secret in found if len(secret) > 8}


SECRET_FIELDS = {"code", "refresh_token", "code_verifier", "client_secret"}


def shown(emulator: Emulator, text: str) -> set[str]:
    return {secret for secret in secrets_of(emulator) if secret in text}


async def a_whole_life(emulator: Emulator, session: TikTokSession, errors: list[BaseException]) -> Account:
    """Log in, read, refresh, fail in every common way, and revoke the grant."""
    user = emulator.add_user(videos=25, scopes=SCOPES)
    account = await emulator.connect(session, user)
    await account.user_info()
    await account.videos().collect()
    await session.oauth.refresh(account.open_id)
    emulator.clock.advance(timedelta(hours=2))
    await account.user_info()

    async def failing(call: Callable[[], Any]) -> None:
        try:
            await call()
        except TikTokError as error:
            errors.append(error)

    for fault in (
        {"status": 400, "code": "invalid_params"},
        {"status": 401, "code": "scope_not_authorized"},
        {"status": 403, "code": "spam_risk_too_many_posts"},
        {"status": 502, "html": True, "times": 4},
        {"drop": "after", "times": 4},
    ):
        emulator.fail_next(Endpoint.USER_INFO, **fault)
        await failing(account.user_info)
    emulator.fail_next(Endpoint.TOKEN, status=400, code="invalid_client")
    await failing(lambda: session.oauth.refresh(account.open_id))
    await failing(lambda: session.oauth.exchange("canary-code-that-is-wrong*0!1"))
    token = await account.token()
    errors.extend(
        (TikTokError(repr(token)), TikTokError(str(token)), TikTokError(f"{token!r:>10} {token.access_token}"))
    )
    emulator.revoke(user)
    # Past the pause that follows a failed refresh.
    emulator.clock.advance(timedelta(minutes=5))
    await failing(account.user_info)
    return account


@pytest.mark.parametrize("store", ["memory://", "sqlite"])
async def test_a_whole_life_of_an_account_shows_no_secret(
    emulator: Emulator, everything_logged: io.StringIO, tmp_path: Path, store: str
) -> None:
    events: list[Event] = []
    errors: list[BaseException] = []
    url = store if store != "sqlite" else f"sqlite:///{tmp_path}/tokens.db"
    asyncio.get_running_loop().set_debug(True)
    async with emulator.session(store=url, observer=events.append) as session:
        account = await a_whole_life(emulator, session, errors)
        reprs = " ".join(map(repr, (session, account, vars(session), session.oauth, *events)))
    asyncio.get_running_loop().set_debug(False)
    assert len(secrets_of(emulator)) >= 6
    assert any(isinstance(error, ReauthorizationRequired) for error in errors)
    assert shown(emulator, reprs) == set()
    assert shown(emulator, " ".join(repr(attrs.asdict(event)) for event in events)) == set()
    assert shown(emulator, everything_logged.getvalue()) == set()
    for error in errors:
        reported = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + repr(error.args)
        assert shown(emulator, reported) == set()
        for kept in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(kept) is type(error)
            assert str(kept) == str(error)
            assert vars(kept) == vars(error)
        assert shown(emulator, pickle.dumps(error).decode("latin-1")) == set()


async def test_redis_logs_no_secret(emulator: Emulator, everything_logged: io.StringIO, redis_url: str) -> None:
    errors: list[BaseException] = []
    async with emulator.session(store=redis_url) as session:
        await a_whole_life(emulator, session, errors)
    assert shown(emulator, everything_logged.getvalue()) == set()


async def test_secrets_travel_only_where_they_belong(emulator: Emulator) -> None:
    async with emulator.session() as session:
        await a_whole_life(emulator, session, [])
    for secret in secrets_of(emulator):
        assert emulator.leaks(secret) == []
