"""What a web backend keeps for one browser: logins in progress and logged-in accounts, which no failure changes."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import (
    Account,
    AccountNotFound,
    ApiError,
    ConfigurationError,
    PostingRefused,
    QuotaExhausted,
    RateLimited,
    ScopeNotAuthorized,
    TikTokError,
    TikTokSession,
)
from tiktok_async.contrib import Backend
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint

CALLBACK = "https://app.example.com/tiktok/callback/"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        yield running


@pytest.fixture
async def backend(emulator: Emulator) -> AsyncIterator[Backend]:
    backend = Backend(emulator.session, redirect_uri=CALLBACK, scopes=["user.info.basic"])
    async with backend.opened():
        yield backend


async def allowed(emulator: Emulator, url: str, user: EmulatedUser, **options: Any) -> str:
    return (await emulator.consent(url, user, **options)).partition("?")[2]


async def logged_in(backend: Backend, emulator: Emulator, user: EmulatedUser, web: dict[str, Any]) -> str:
    query = await allowed(emulator, backend.begin(web, "/there"), user)
    assert await backend.finish(web, query) == "/there"
    return query


def open_id(account: Account | None) -> str | None:
    return None if account is None else account.open_id


@pytest.mark.parametrize(("letters", "most"), [(0, 5), (600, 3)])
async def test_pending_logins_are_bounded_in_number_and_size(
    backend: Backend, emulator: Emulator, letters: int, most: int
) -> None:
    web: dict[str, Any] = {"cart": [1]}
    target = "/" + "a" * letters
    urls = [backend.begin(web, target) for _ in range(50)]
    assert len(web["tiktok_logins"]) == most
    assert len(json.dumps(web)) < 3_000
    oldest_kept = await allowed(emulator, urls[-most], emulator.add_user())
    assert await backend.finish(web, oldest_kept) == target
    assert web["cart"] == [1]


async def test_an_unfinished_login_expires(backend: Backend, emulator: Emulator) -> None:
    web: dict[str, Any] = {}
    query = await allowed(emulator, backend.begin(web, "/"), emulator.add_user())
    emulator.clock.advance(timedelta(minutes=61))
    assert await backend.finish(web, query) == "/?tiktok_error=expired"
    backend.begin(web, "/")
    assert len(web["tiktok_logins"]) == 1


@pytest.mark.parametrize("kind", ["denied", "forged", "empty", "no code", "refused", "TikTok fails"])
async def test_a_callback_that_fails_leaves_the_browsers_session_as_it_was(
    backend: Backend, emulator: Emulator, kind: str
) -> None:
    user = emulator.add_user()
    web: dict[str, Any] = {"cart": [1]}
    await logged_in(backend, emulator, user, web)
    url = backend.begin(web, "/")
    state = url.partition("state=")[2].partition("&")[0]
    queries = {"forged": "state=other&code=x", "empty": "", "no code": f"state={state}"}
    queries["refused"] = f"state={state}&code=wrong"
    query = queries.get(kind)
    if query is None:
        query = await allowed(emulator, url, user, deny=kind == "denied")
    if kind == "TikTok fails":
        emulator.fail_next(Endpoint.TOKEN, status=400, code="invalid_client", times=9)
    before = copy.deepcopy(web)
    assert "tiktok_error=" in await backend.finish(web, query)
    assert web == before
    assert open_id(backend.account(web)) == user.open_id


async def test_a_repeated_callback_redirects_to_the_same_page(backend: Backend, emulator: Emulator) -> None:
    user = emulator.add_user()
    web: dict[str, Any] = {}
    query = await logged_in(backend, emulator, user, web)
    before = copy.deepcopy(web)
    assert await backend.finish(web, query) == "/there"
    assert web == before
    assert emulator.logins == {user.open_id: 1}
    assert await backend.finish({}, query) == "/?tiktok_error=expired"


async def test_two_fetches_at_once_share_one_exchange_and_both_log_in(backend: Backend, emulator: Emulator) -> None:
    user = emulator.add_user()
    web: dict[str, Any] = {}
    query = await allowed(emulator, backend.begin(web, "/"), user)
    tabs = [copy.deepcopy(web) for _ in range(3)]
    cancelled = asyncio.ensure_future(backend.finish(copy.deepcopy(web), query))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await asyncio.gather(*(backend.finish(tab, query) for tab in tabs)) == ["/"] * 3
    assert {open_id(backend.account(tab)) for tab in tabs} == {user.open_id}
    assert emulator.logins == {user.open_id: 1}


async def test_a_login_can_be_tied_to_the_applications_own_user(emulator: Emulator) -> None:
    tied: dict[str, int] = {}

    async def tie(account: Account, web: Any) -> None:
        if "user_id" not in web:
            raise PermissionError("log in to the site first")
        tied[account.open_id] = web["user_id"]

    backend = Backend(emulator.session, redirect_uri=CALLBACK, scopes=["user.info.basic"], on_login=tie)
    user = emulator.add_user()
    async with backend.opened():
        web: dict[str, Any] = {}
        query = await allowed(emulator, backend.begin(web, "/"), user)
        with pytest.raises(PermissionError):
            await backend.finish(web, query)
        assert backend.account(web) is None
        web["user_id"] = 5
        await logged_in(backend, emulator, user, web)
    assert tied == {user.open_id: 5}


async def test_several_accounts_of_one_user_are_logged_in_side_by_side(backend: Backend, emulator: Emulator) -> None:
    web: dict[str, Any] = {}
    users = [emulator.add_user() for _ in range(3)]
    for user in users:
        await logged_in(backend, emulator, user, web)
    ids = [user.open_id for user in users]
    assert [account.open_id for account in backend.accounts(web)] == ids
    assert open_id(backend.account(web)) == ids[2]
    assert open_id(backend.select(web, ids[0])) == ids[0] == open_id(backend.account(web))
    assert backend.select(web, "a stranger") is None
    backend.log_out(web, ids[0])
    assert open_id(backend.account(web)) == ids[2]
    assert [account.open_id for account in backend.accounts(web)] == ids[1:]
    backend.log_out(web)
    assert (backend.account(web), backend.accounts(web)) == (None, [])


async def test_a_session_from_before_there_could_be_several_is_read(backend: Backend) -> None:
    web: dict[str, Any] = {"tiktok_open_id": "somebody"}
    assert [account.open_id for account in backend.accounts(web)] == ["somebody"]


@given(st.lists(st.tuples(st.sampled_from(["in", "out", "select"]), st.integers(0, 30)), max_size=60))
def test_the_current_account_is_always_one_of_those_logged_in(steps: list[tuple[str, int]]) -> None:
    session = TikTokSession(client_key="k", client_secret="s")
    backend = Backend(redirect_uri=CALLBACK, scopes=["user.info.basic"])
    backend._session = session
    web: dict[str, Any] = {}
    for step, number in steps:
        if step == "in":
            backend.log_in(web, session.account(f"user-{number}"))
        elif step == "out":
            backend.log_out(web, f"user-{number}")
        else:
            backend.select(web, f"user-{number}")
        ids: list[str | None] = [account.open_id for account in backend.accounts(web)]
        assert len(ids) == len(set(ids)) <= 20
        assert open_id(backend.account(web)) in (ids or [None])


@pytest.mark.parametrize(
    ("error", "status", "more"),
    [
        (AccountNotFound("u"), 401, {"login": "/tiktok/login"}),
        (
            ScopeNotAuthorized(code="scope_not_authorized", message="", log_id="L", status=401),
            403,
            {"code": "scope_not_authorized", "log_id": "L"},
        ),
        (PostingRefused(code="spam_risk", message="", status=403), 403, {"code": "spam_risk"}),
        (RateLimited(code="rate_limit_exceeded", message="", status=429), 429, {}),
        (QuotaExhausted(code="daily_quota_limit_exceeded", message="", status=429), 429, {}),
        (ApiError(code="internal_error", message="secret words", log_id="L", status=500), 502, {"log_id": "L"}),
    ],
)
async def test_each_error_has_its_answer(
    backend: Backend, error: TikTokError, status: int, more: dict[str, str]
) -> None:
    reported = backend.answer(error)
    assert reported is not None
    assert reported.status == status
    assert reported.body.items() >= more.items()
    assert "secret words" not in str(reported.body)
    assert ("Retry-After" in reported.headers) == (status == 429)


async def test_an_invalid_call_of_the_application_is_not_answered(backend: Backend) -> None:
    assert backend.answer(ConfigurationError("a wrong argument")) is None
