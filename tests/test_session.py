"""The session: arguments, environment, ends, loops, the escape hatch, and refreshes under load."""

import asyncio
import inspect
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tiktok_async import (
    AccountKey,
    AccountNotFound,
    ConfigurationError,
    Endpoint,
    Event,
    Limit,
    RequestFinished,
    Scope,
    Secret,
    SessionClosed,
    SessionOptions,
    StoreError,
    TikTokSession,
    Token,
    TokenNotSaved,
    TokenRefreshed,
    WrongEventLoop,
)
from tiktok_async.abc import BulkTokenStore
from tiktok_async.emulator import Emulator
from tiktok_async.stores import MemoryTokenStore, SQLiteTokenStore

SCOPES = {"user.info.basic", "video.list"}


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={Endpoint.VIDEO_LIST: None, Endpoint.USER_INFO: None}) as running:
        yield running


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("CLIENT_KEY", "CLIENT_SECRET", "TOKEN_STORE", "RATE_LIMITER", "BASE_URL", "AUTHORIZE_URL"):
        monkeypatch.delenv(f"TIKTOK_{name}", raising=False)
    return monkeypatch


def test_a_missing_variable_names_itself(clean_environment: pytest.MonkeyPatch) -> None:
    clean_environment.setenv("TIKTOK_CLIENT_KEY", "key")
    with pytest.raises(ConfigurationError, match="TIKTOK_CLIENT_SECRET") as caught:
        TikTokSession.from_env()
    assert "TIKTOK_CLIENT_KEY" not in str(caught.value)


async def test_the_environment_opens_a_session_and_keywords_win(
    clean_environment: pytest.MonkeyPatch, emulator: Emulator
) -> None:
    clean_environment.setenv("TIKTOK_CLIENT_KEY", "somebody-else")
    clean_environment.setenv("TIKTOK_CLIENT_SECRET", emulator.client_secret)
    clean_environment.setenv("TIKTOK_BASE_URL", emulator.url)
    clean_environment.setenv("TIKTOK_TOKEN_STORE", "memory://")
    clean_environment.setenv("TIKTOK_RATE_LIMITER", "none://")
    async with TikTokSession.from_env(client_key=emulator.client_key) as session:
        assert (await session.oauth.client_token()).expires_at > emulator.clock.now()


@pytest.mark.parametrize(
    "arguments",
    [
        {"client_key": "", "client_secret": "x"},
        {"client_key": "x", "client_secret": ""},
        {"client_key": "x", "client_secret": "x", "store": "nonsense://"},
        {"client_key": "x", "client_secret": "x", "limiter": "nonsense://"},
        {"client_key": "x", "client_secret": "x", "limits": {"VIDEO_LIST": Limit(1, timedelta(1))}},
    ],
)
def test_invalid_arguments_raise_configuration_error(arguments: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        TikTokSession(**arguments)  # type: ignore[arg-type]  # wrong on purpose


async def test_the_secret_is_in_no_repr(emulator: Emulator) -> None:
    async with emulator.session() as session:
        assert emulator.client_secret not in repr(session)
        assert emulator.client_secret not in repr(vars(session))


async def test_calls_after_the_end_say_that_the_session_is_closed(emulator: Emulator) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
    await session.aclose()
    for call in (
        account.token(),
        account.user_info(),
        account.videos().first(),
        account.disconnect(),
        session.oauth.refresh(account.open_id),
        session.oauth.client_token(),
        session.request("GET", "/v2/user/info/", open_id=account.open_id),
        session.refresh_due(timedelta(hours=1)),
    ):
        with pytest.raises(SessionClosed):
            await call
    with pytest.raises(SessionClosed):
        await anext(session.accounts())


@pytest.mark.parametrize("kind", ["read one by one", "read in bulk"])
async def test_accounts_that_lack_a_scope_are_found_among_all(emulator: Emulator, tmp_path: Path, kind: str) -> None:
    store = MemoryTokenStore() if kind == "read one by one" else SQLiteTokenStore(tmp_path / "tokens.db")
    assert isinstance(store, BulkTokenStore) is (kind == "read in bulk")
    now = emulator.clock.now()
    scopes = {"all": ["user.info.basic", "video.list"], "basic": ["user.info.basic"], "nothing": list[str]()}
    async with emulator.session(store=store) as session, aclosing(store):
        tokens = [
            Token(
                key=AccountKey(session.client_key, f"{name}-{number}"),
                access_token=Secret("a"),
                refresh_token=Secret("r"),
                scopes=frozenset(granted),
                expires_at=now,
                refresh_expires_at=now,
                updated_at=now,
            )
            for name, granted in scopes.items()
            for number in range(200)  # more than one page of them
        ]
        if isinstance(store, BulkTokenStore):
            await store.put_many([(token, 0) for token in tokens])
        else:
            for token in tokens:
                await store.put(token, expected_version=0)

        async def lacking(*wanted: str) -> Counter[str]:
            found = [account.open_id async for account in session.accounts(lacking=wanted)]
            assert len(set(found)) == len(found)
            return Counter(open_id.partition("-")[0] for open_id in found)

        assert await lacking(Scope.VIDEO_LIST) == {"basic": 200, "nothing": 200}
        assert await lacking("user.info.basic") == {"nothing": 200}
        assert await lacking("user.info.basic", "video.publish") == {"all": 200, "basic": 200, "nothing": 200}
        assert await lacking() == {}
        assert len([account async for account in session.accounts()]) == 600


async def test_scopes_that_accounts_lack_are_no_string(session: TikTokSession) -> None:
    with pytest.raises(ConfigurationError, match="Give a list"):
        await anext(session.accounts(lacking="video.list"))


async def test_the_tokens_at_hand_have_a_bound_that_one_can_set(emulator: Emulator) -> None:
    async with emulator.session(accounts_at_hand=2) as session:
        accounts = [await emulator.connect(session, emulator.add_user(scopes=SCOPES)) for _ in range(4)]
        for account in accounts * 2:
            assert (await account.token()).key.open_id == account.open_id
        assert len(session._tokens._entries) == 2


@pytest.mark.parametrize("number", [0, -1, None, "many"])
def test_an_invalid_bound_is_refused(number: Any) -> None:
    with pytest.raises(ConfigurationError, match="accounts_at_hand"):
        TikTokSession(client_key="key", client_secret="secret", accounts_at_hand=number)


async def test_objects_passed_in_stay_open(emulator: Emulator) -> None:
    class Watched(MemoryTokenStore):
        closed = False

        async def aclose(self) -> None:
            self.closed = True

    store = Watched()
    async with aiohttp.ClientSession() as http:
        async with emulator.session(store=store, http=http) as session:
            await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        assert not store.closed
        assert not http.closed


def test_a_second_event_loop_is_refused_by_name() -> None:
    session = TikTokSession(client_key="key", client_secret="secret", base_url="http://127.0.0.1:1")

    async def use() -> None:
        with pytest.raises(AccountNotFound):
            await session.account("nobody").token()

    asyncio.run(use())
    with pytest.raises(WrongEventLoop, match="another event loop"):
        asyncio.run(use())


async def test_an_unknown_account_is_named_with_its_app(emulator: Emulator) -> None:
    async with emulator.session() as session:
        with pytest.raises(AccountNotFound, match="nobody"):
            await session.account("nobody").user_info()


async def test_the_escape_hatch_reaches_any_endpoint_with_the_account_s_token(emulator: Emulator) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        response = await session.request(
            "GET", "/v2/user/info/", open_id=account.open_id, params={"fields": "open_id,display_name"}
        )
        assert response.data["user"]["open_id"] == account.open_id
        assert response.status == 200
        assert response.log_id


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/v2/user/info/", "//evil.example/", "v2/user/info/", "/v2/user/info/?fields=x", "/\\x"],
)
async def test_the_escape_hatch_sends_no_token_to_another_host(emulator: Emulator, path: str) -> None:
    async with emulator.session() as session:
        with pytest.raises(ConfigurationError, match="path"):
            await session.request("GET", path, open_id="somebody")


async def test_the_escape_hatch_requires_exactly_one_token(emulator: Emulator) -> None:
    async with emulator.session() as session:
        with pytest.raises(ConfigurationError, match="exactly one"):
            await session.request("GET", "/v2/user/info/")
        with pytest.raises(ConfigurationError, match="exactly one"):
            await session.request("GET", "/v2/user/info/", open_id="x", client=True)


async def test_the_escape_hatch_sends_a_caller_s_headers_beside_its_own(emulator: Emulator) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        headers = {"Idempotency-Key": "order 7", "content-type": "application/json; charset=UTF-8", "X-Empty": ""}
        await session.request(
            "POST",
            "/v2/video/list/",
            open_id=account.open_id,
            params={"fields": "id"},
            json={"max_count": 1},
            headers=headers,
        )
        sent = emulator.requests[-1].headers
        token = await account.token()
    assert {name: sent[name] for name in headers} == headers
    assert sent["Authorization"] == f"Bearer {token.access_token.reveal()}"
    assert [name.lower() for name in sent].count("content-type") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer kept-to-myself"},
        {"authorization": "Bearer kept-to-myself"},
        {"Proxy-Authorization": "kept-to-myself"},
        {"HOST": "kept-to-myself"},
        {"Content-Length": "kept-to-myself"},
        {"Transfer-Encoding": "kept-to-myself"},
        {"X-Two": "kept-to-myself", "x-two": "kept-to-myself"},
        {"X-Lines": "kept-to-myself\r\nAuthorization: Bearer other"},
        {"X-Number": 7},
        {"X-Bytes": b"kept-to-myself"},
        {"X-Text": "kept-to-myself \u2713"},
        {"X Blank": "kept-to-myself"},
        {"": "kept-to-myself"},
        {7: "kept-to-myself"},
        "X-Text: kept-to-myself",
    ],
)
async def test_the_escape_hatch_refuses_headers_that_are_not_a_caller_s_without_naming_a_value(
    emulator: Emulator, headers: Any
) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        before = len(emulator.requests)
        with pytest.raises(ConfigurationError, match="header") as caught:
            await session.request("GET", "/v2/user/info/", open_id=account.open_id, headers=headers)
        assert len(emulator.requests) == before
    assert "kept-to-myself" not in str(caught.value)
    assert caught.value.problems


async def test_remaining_counts_down_with_the_calls(emulator: Emulator) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        before = await session.remaining(account.open_id, Endpoint.VIDEO_LIST)
        await account.videos().first()
        assert (before, await session.remaining(account.open_id, Endpoint.VIDEO_LIST)) == (600, 599)
        assert await session.remaining(account.open_id, Endpoint.REVOKE) is None


async def test_five_hundred_calls_on_an_expired_token_are_one_refresh(emulator: Emulator) -> None:
    async with emulator.session(limiter="none://") as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        emulator.clock.advance(timedelta(hours=3))
        users = await asyncio.gather(*(account.user_info() for _ in range(500)))
    assert len(users) == 500
    assert emulator.refreshes[account.open_id] == 1
    assert emulator.reuses.total() == 0


async def test_five_hundred_calls_on_a_stale_token_wait_for_no_refresh(emulator: Emulator) -> None:
    async with emulator.session(limiter="none://") as session:
        account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
        emulator.clock.advance(timedelta(hours=2) - timedelta(minutes=5))
        # The refresh hangs: a caller that waited for it would hang, too.
        emulator.fail_next(Endpoint.TOKEN, delay=timedelta(seconds=600))
        await asyncio.gather(*(account.user_info() for _ in range(500)))
        assert emulator.refreshes[account.open_id] == 0
        assert sum(request.endpoint is Endpoint.TOKEN for request in emulator.requests) <= 2
        emulator.clock.advance(timedelta(seconds=600))
    assert emulator.refreshes[account.open_id] == 1


async def test_a_caller_cancelled_in_the_middle_of_a_refresh_loses_no_token(emulator: Emulator) -> None:
    async with emulator.session() as session:
        user = emulator.add_user(scopes=SCOPES)
        account = await emulator.connect(session, user)
        for _ in range(20):
            calling = asyncio.ensure_future(session.oauth.refresh(account.open_id))
            await asyncio.sleep(0.002)
            calling.cancel()
            await asyncio.wait({calling})
    async with emulator.session(store=session._store) as again:
        assert (await again.account(user.open_id).user_info(["open_id"])).open_id == user.open_id
    assert emulator.reuses.total() == 0


async def test_leaving_the_session_waits_for_a_refresh_in_flight(emulator: Emulator) -> None:
    store = MemoryTokenStore()
    user = emulator.add_user(scopes=SCOPES)
    async with emulator.session(store=store) as session:
        account = await emulator.connect(session, user)
        emulator.fail_next(Endpoint.TOKEN, delay=timedelta(seconds=0.2))
        refreshing = asyncio.ensure_future(session.oauth.refresh(account.open_id))
        await asyncio.sleep(0.05)
        refreshing.cancel()
    async with emulator.session(store=store) as again:
        await again.account(user.open_id).user_info(["open_id"])
    assert emulator.refreshes[user.open_id] == 1
    assert emulator.reuses.total() == 0


async def test_an_observer_sees_the_calls_and_breaks_nothing(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Event] = []

    def observer(event: Event) -> None:
        seen.append(event)
        raise RuntimeError("a bug of the observer's")

    with caplog.at_level(logging.CRITICAL):
        async with emulator.session(observer=observer) as session:
            account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
            await account.user_info()
            await session.oauth.refresh(account.open_id)
    assert {type(event) for event in seen} >= {RequestFinished, TokenRefreshed}
    assert all(event.at.utcoffset() is not None for event in seen)


async def while_time_passes(emulator: Emulator, work: Coroutine[Any, Any, object]) -> None:
    """Await *work*, while the emulator's clock, which the session shares, runs ahead."""
    task = asyncio.create_task(work)
    while not task.done():
        await asyncio.sleep(0.001)
        emulator.clock.advance(timedelta(seconds=0.1))
    await task


async def test_a_token_that_cannot_be_saved_is_in_the_error_at_the_end_and_everything_is_closed(
    emulator: Emulator,
) -> None:
    class Failing(MemoryTokenStore):
        failing = False

        async def put(self, token: Token, *, expected_version: int | None) -> Token:
            if self.failing and token.attempt is None:
                raise StoreError("the disk is full")
            return await super().put(token, expected_version=expected_version)

    store = Failing()
    session = emulator.session(store=store)
    account = await emulator.connect(session, emulator.add_user(scopes=SCOPES))
    store.failing = True
    with pytest.raises(TokenNotSaved):
        await while_time_passes(emulator, session.oauth.refresh(account.open_id))
    assert (await account.user_info()).open_id == account.open_id, "the rotated token is still used"
    with pytest.raises(TokenNotSaved) as caught:
        await while_time_passes(emulator, session.aclose())
    assert caught.value.token is not None
    with pytest.raises(SessionClosed):
        await account.user_info()
    store.failing = False
    await store.put(caught.value.token, expected_version=None)
    async with emulator.session(store=store) as again:
        assert (await again.account(account.open_id).user_info()).open_id == account.open_id


def test_the_typed_options_are_the_keywords_of_the_session() -> None:
    declared = {name: one.annotation for name, one in inspect.signature(TikTokSession).parameters.items()}
    assert SessionOptions.__annotations__ == declared
