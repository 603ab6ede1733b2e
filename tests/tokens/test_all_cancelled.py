"""All tasks are cancelled at once, as many programs do on SIGTERM, or again and again, as anyio does."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from tests.tokens.fakes import TokenWorld, failing
from tiktok_async import TikTokSession
from tiktok_async._concurrency.lasting import LastingTask
from tiktok_async.emulator import Emulator
from tiktok_async.errors import TokenNotSaved
from tiktok_async.models import AccountKey, Endpoint
from tiktok_async.stores import open_store

LIFE = timedelta(hours=2)


def cancel_all(spared: "set[asyncio.Task[object]]") -> None:
    """Cancel every task, children of libraries included."""
    for task in asyncio.all_tasks() - spared:
        task.cancel()


async def test_cancelling_every_task_at_any_moment_of_a_rotation_loses_no_token() -> None:
    spared: set[asyncio.Task[object]] = asyncio.all_tasks()
    moments, rotated = 0, 0
    finished = False
    while not finished:
        world = TokenWorld(latency=0.0)
        manager = await world.connected()
        await world.clock.advance(LIFE)
        call = asyncio.ensure_future(manager.token("user"))
        for _ in range(moments):
            await asyncio.sleep(0)
        finished = call.done()
        cancel_all(spared)
        await asyncio.sleep(0)
        cancel_all(spared)
        await asyncio.wait([call])
        await manager.aclose()
        stored = await world.stored()
        assert world.provider.is_live(stored), f"the rotated token was lost after {moments} steps"
        assert not world.provider.reuses
        rotated += world.provider.grants["user"]
        moments += 1
    assert moments > 5
    assert rotated > 3


async def test_a_rotation_that_cannot_save_ends_ten_seconds_after_every_task_was_cancelled() -> None:
    spared: set[asyncio.Task[object]] = asyncio.all_tasks()
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    call = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    world.store.before = failing("put", 10_000)
    world.provider.faults.clear()
    await world.clock.advance(1)
    world.store.before = failing("put", 10_000)
    cancel_all(spared)
    await world.clock.advance(9)
    begun = asyncio.all_tasks() - spared
    await world.clock.advance(2)
    assert call.done()
    assert not asyncio.all_tasks() - spared, begun
    with suppress(TokenNotSaved):
        await manager.aclose()


def test_the_end_of_an_event_loop_waits_for_work_that_must_be_completed() -> None:
    done: list[str] = []

    async def save() -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        done.append("saved")

    async def forever() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        LastingTask(save())
        LastingTask(forever(), exposed=lambda: False)
        await asyncio.sleep(0)

    # `asyncio.run` cancels what is left and waits for it.
    asyncio.run(main())
    assert done == ["saved"]


def _in_a_loop_of_its_own(work: Callable[[], Awaitable[object]]) -> None:
    """Run *work* under `asyncio.run` in a thread, since it cancels all tasks of its loop."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work())  # type: ignore[arg-type]  # every work here is a coroutine
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - shown to the test below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_cancelling_all_tasks_on_sigterm_during_a_rotation_keeps_the_token(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tokens.db'}"
    seen: dict[str, object] = {}

    async def log_in(emulator: Emulator) -> str:
        async with emulator.session(store=url) as session:
            account = await emulator.connect(session, emulator.add_user())
            token = await account.token()
        store = open_store(url)
        await store.put(evolve(token, expires_at=token.updated_at), expected_version=1)
        await store.aclose()
        return account.open_id

    async def use(settings: dict[str, str], open_id: str, rotated: Callable[[], bool]) -> None:
        async with TikTokSession(store=url, limiter="none://", **settings) as session:  # type: ignore[arg-type]  # all are strings
            call = asyncio.ensure_future(session.account(open_id).user_info())
            while not rotated():
                await asyncio.sleep(0.005)
            # TikTok has rotated, and its answer is on the way.
            for _ in range(3):
                for task in asyncio.all_tasks():
                    task.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.01)
            await asyncio.gather(call, return_exceptions=True)

    async def test() -> None:
        async with Emulator() as emulator:
            open_id = await log_in(emulator)
            emulator.fail_next(Endpoint.TOKEN, drip=timedelta(seconds=0.3))
            settings = {
                "client_key": emulator.client_key,
                "client_secret": emulator.client_secret,
                "base_url": emulator.url,
            }
            await asyncio.to_thread(
                _in_a_loop_of_its_own, lambda: use(settings, open_id, lambda: bool(emulator.refreshes))
            )
            store = open_store(url)
            token = await store.get(AccountKey(emulator.client_key, open_id))
            await store.aclose()
            seen["token"] = token
            async with emulator.session(store=url) as session:
                await session.oauth.refresh(open_id)
            seen["reuses"] = dict(emulator.reuses)

    asyncio.run(test())
    token = seen["token"]
    assert token is not None
    assert (token.attempt, token.version) == (None, 4)  # type: ignore[attr-defined]  # it is a Token
    assert seen["reuses"] == {}


@pytest.mark.parametrize("kind", ["callback", "code"])
async def test_a_login_whose_code_has_been_used_is_stored_however_its_caller_is_cancelled(kind: str) -> None:
    async with Emulator() as emulator, emulator.session() as session:
        user = emulator.add_user()
        request = session.oauth.authorization(
            redirect_uri="https://app.example.com/callback", scopes=["user.info.basic"]
        )
        callback = await emulator.consent(request.url, user)
        emulator.fail_next(Endpoint.TOKEN, drip=timedelta(seconds=0.2))
        if kind == "callback":
            login = asyncio.ensure_future(session.oauth.complete(request, callback))
        else:
            code = parse_qs(urlsplit(callback).query)["code"][0]
            login = asyncio.ensure_future(
                session.oauth.exchange(code, redirect_uri=request.redirect_uri, code_verifier=request.code_verifier)
            )
        while not any(seen.endpoint is Endpoint.TOKEN for seen in emulator.requests):
            await asyncio.sleep(0.005)
        while not login.done():
            login.cancel()
            await asyncio.sleep(0)
        assert login.cancelled()
        key = AccountKey(emulator.client_key, user.open_id)
        for _ in range(1000):
            if stored := await session.store.get(key):
                break
            await asyncio.sleep(0.005)
        assert stored is not None
        assert (await session.account(user.open_id).user_info({"open_id"})).open_id == user.open_id


def test_closing_a_session_survives_any_number_of_cancellations(tmp_path: Path) -> None:
    import anyio

    url = f"sqlite:///{tmp_path / 'tokens.db'}"

    async def test() -> None:
        async with Emulator() as emulator:
            async with emulator.session(store=url) as session:
                account = await emulator.connect(session, emulator.add_user())
            emulator.fail_next(Endpoint.TOKEN, drip=timedelta(seconds=0.3))
            # A cancel scope cancels its tasks in every iteration of the loop, also during their clean-up.
            with anyio.CancelScope() as scope:
                async with emulator.session(store=url) as session, anyio.create_task_group() as group:
                    group.start_soon(session.oauth.refresh, account.open_id)
                    while not emulator.refreshes:
                        await asyncio.sleep(0.005)
                    scope.cancel()
            assert scope.cancelled_caught
            assert not any(isinstance(task, LastingTask) for task in asyncio.all_tasks()), "it is still closing"
            async with emulator.session(store=url) as session:
                await session.oauth.refresh(account.open_id)
            assert emulator.refreshes[account.open_id] == 2
            assert emulator.reuses == {}

    asyncio.run(test())


async def test_a_cancelled_close_ends_the_rotation_and_is_cancelled_then() -> None:
    async with Emulator() as emulator:
        session = await emulator.session().__aenter__()
        account = await emulator.connect(session, emulator.add_user())
        emulator.fail_next(Endpoint.TOKEN, drip=timedelta(seconds=0.2))
        refreshing = asyncio.ensure_future(session.oauth.refresh(account.open_id))
        while not emulator.refreshes:
            await asyncio.sleep(0.005)
        closing = asyncio.ensure_future(session.aclose())
        for _ in range(3):
            await asyncio.sleep(0.005)
            closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        assert (await refreshing).attempt is None
