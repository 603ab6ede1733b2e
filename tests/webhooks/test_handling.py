"""How a session handles an event: once among all processes, and without harm to a later login."""

import asyncio
import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from tiktok_async import (
    AccountKey,
    AccountNotFound,
    EventInProgress,
    PrivacyLevel,
    StoreError,
    TikTokSession,
    TransportError,
    VideoPost,
    WebhookEvent,
    WebhookReceiver,
)
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint
from tiktok_async.stores import MemoryTokenStore, open_store


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    return emulator.add_user()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/tokens.db"


def told(session: TikTokSession, user: EmulatedUser, name: str, content: Any, at: datetime) -> WebhookEvent:
    envelope = {
        "client_key": session.client_key,
        "event": name,
        "create_time": int(at.timestamp()),
        "user_openid": user.open_id,
        "content": json.dumps(content),
    }
    body = json.dumps(envelope).encode()
    return session.webhooks.parse(body, session.webhooks.sign(body))


def removed(session: TikTokSession, user: EmulatedUser, at: datetime) -> WebhookEvent:
    return told(session, user, "authorization.removed", {"reason": 1}, at)


async def is_stored(store: Any, emulator: Emulator, user: EmulatedUser) -> bool:
    return await store.get(AccountKey(emulator.client_key, user.open_id)) is not None


async def test_a_removed_authorization_drops_the_token_once(
    emulator: Emulator, user: EmulatedUser, store_url: str
) -> None:
    seen: list[str] = []

    async def then(event: WebhookEvent) -> None:
        seen.append(event.name)

    async with emulator.session(store=store_url) as session:
        account = await emulator.connect(session, user)
        emulator.clock.advance(timedelta(minutes=10))
        emulator.revoke(user)
        event = removed(session, user, emulator.clock.now())
        assert await session.webhooks.handle(event, then)
        assert not await session.webhooks.handle(event, then)
        assert seen == ["authorization.removed"]
        with pytest.raises(AccountNotFound):
            await account.token()
        assert not emulator.refreshes
        assert emulator.requests.counts[Endpoint.REVOKE] == 0


async def test_a_login_after_the_removal_is_kept(emulator: Emulator, user: EmulatedUser) -> None:
    async with emulator.session() as session:
        await emulator.connect(session, user)
        emulator.revoke(user)
        removed_at = emulator.clock.now()
        emulator.clock.advance(timedelta(minutes=5))
        account = await emulator.connect(session, user)
        assert await session.webhooks.handle(removed(session, user, removed_at))
        assert (await account.user_info()).open_id == user.open_id


@pytest.mark.parametrize("again", [True, False])
async def test_within_a_minute_tiktok_says_whether_the_grant_is_the_removed_one(
    emulator: Emulator, user: EmulatedUser, *, again: bool
) -> None:
    """The clocks of two machines cannot order two events within one minute."""
    store = MemoryTokenStore()
    async with emulator.session(store=store) as session:
        await emulator.connect(session, user)
        emulator.revoke(user)
        event = removed(session, user, emulator.clock.now() + timedelta(seconds=20))
        if again:
            await emulator.connect(session, user)
        assert await session.webhooks.handle(event)
        assert await is_stored(store, emulator, user) is again


async def test_a_login_in_the_middle_of_the_removal_is_kept(emulator: Emulator, user: EmulatedUser) -> None:
    class Slow(MemoryTokenStore):
        """A store in which a login happens between the read and the deletion."""

        between: Any = None

        async def get(self, key: AccountKey) -> Any:
            found = await super().get(key)
            if self.between is not None:
                work, self.between = self.between, None
                await work()
            return found

    store = Slow()
    async with emulator.session(store=store) as session, emulator.session(store=store) as other:
        await emulator.connect(session, user)
        emulator.revoke(user)
        emulator.clock.advance(timedelta(minutes=10))
        event = removed(session, user, emulator.clock.now() - timedelta(minutes=8))

        async def log_in() -> None:
            await emulator.connect(other, user)

        store.between = log_in
        assert await session.webhooks.handle(event)
        assert await is_stored(store, emulator, user)


async def test_an_event_of_an_unknown_user_is_handled(emulator: Emulator, user: EmulatedUser) -> None:
    async with emulator.session() as session:
        assert await session.webhooks.handle(removed(session, user, emulator.clock.now()))
        assert await session.webhooks.handle(told(session, user, "comment.created", {}, emulator.clock.now()))


async def test_an_event_of_a_post_ends_the_pause_of_a_wait(emulator: Emulator, user: EmulatedUser) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, user)
        publish = await account.post_video(b"x" * 1000, VideoPost(privacy_level=PrivacyLevel.SELF_ONLY))
        waiting = asyncio.create_task(publish.wait())
        await until(lambda: emulator.requests.counts[Endpoint.STATUS_FETCH] == 1)
        event = told(session, user, "post.publish.complete", {"publish_id": publish.publish_id}, emulator.clock.now())
        assert await session.webhooks.handle(event)
        await until(lambda: emulator.requests.counts[Endpoint.STATUS_FETCH] == 2)
        assert await session.webhooks.handle(event) is False
        waiting.cancel()


async def test_work_that_fails_leaves_the_event_new(emulator: Emulator, user: EmulatedUser, store_url: str) -> None:
    async def fails(event: WebhookEvent) -> None:
        raise ValueError(event.name)

    async with emulator.session(store=store_url) as session:
        event = told(session, user, "post.publish.complete", {"publish_id": "p"}, emulator.clock.now())
        for _ in range(2):
            with pytest.raises(ValueError, match="publish"):
                await session.webhooks.handle(event, fails)
        assert await session.webhooks.handle(event)
        assert not await session.webhooks.handle(event)


async def test_work_that_is_cancelled_leaves_the_event_new(emulator: Emulator, user: EmulatedUser) -> None:
    begun = asyncio.Event()

    async def hangs(event: WebhookEvent) -> None:
        del event
        begun.set()
        await asyncio.Event().wait()

    async with emulator.session() as session:
        event = told(session, user, "post.publish.complete", {"publish_id": "p"}, emulator.clock.now())
        handling = asyncio.create_task(session.webhooks.handle(event, hangs))
        await begun.wait()
        with pytest.raises(EventInProgress):
            await session.webhooks.handle(event)
        handling.cancel()
        await asyncio.wait([handling])
        assert await session.webhooks.handle(event)


async def test_the_claim_of_a_dead_process_on_an_event_ends_after_a_minute(
    emulator: Emulator, user: EmulatedUser
) -> None:
    store = MemoryTokenStore(clock=emulator.clock)
    async with emulator.session(store=store) as session:
        event = told(session, user, "post.publish.complete", {"publish_id": "p"}, emulator.clock.now())
        key = AccountKey(emulator.client_key, user.open_id)
        name = f"webhook:{event.dedup_key}"
        await store.put_note(key, name, b"started", ttl=timedelta(minutes=1), only_if_absent=True)
        with pytest.raises(EventInProgress):
            await session.webhooks.handle(event)
        emulator.clock.advance(timedelta(seconds=61))
        assert await session.webhooks.handle(event)
        emulator.clock.advance(timedelta(hours=73))
        assert not await session.webhooks.handle(event)


async def test_an_unreachable_tiktok_leaves_the_event_new(emulator: Emulator, user: EmulatedUser) -> None:
    store = MemoryTokenStore()
    async with emulator.session(store=store) as session:
        await emulator.connect(session, user)
        emulator.revoke(user)
        event = removed(session, user, emulator.clock.now())
        emulator.fail_next(Endpoint.TOKEN, drop="before", times=100)
        handling = asyncio.create_task(session.webhooks.handle(event))
        await asyncio.wait([asyncio.create_task(fly(emulator, handling))])
        with pytest.raises(TransportError):
            await handling
        assert await is_stored(store, emulator, user)


async def test_a_store_without_notes_still_sees_a_duplicate_in_its_process(
    emulator: Emulator, user: EmulatedUser
) -> None:
    class Plain:
        """A user's own store: it has the methods of the protocol only."""

        def __init__(self) -> None:
            inner = MemoryTokenStore()
            self.get, self.put, self.delete = inner.get, inner.put, inner.delete
            self.keys, self.expiring, self.lease, self.aclose = inner.keys, inner.expiring, inner.lease, inner.aclose

    async with emulator.session(store=Plain()) as session:
        event = removed(session, user, emulator.clock.now())
        assert await session.webhooks.handle(event)
        assert not await session.webhooks.handle(event)


async def test_a_receiver_without_a_session_calls_the_handler_and_uses_the_given_store() -> None:
    seen: list[str] = []

    async def then(event: WebhookEvent) -> None:
        seen.append(event.name)

    body = b'{"client_key":"k","event":"x","create_time":1}'
    alone = WebhookReceiver("k", "s")
    event = alone.parse(body, alone.sign(body))
    assert [await alone.handle(event, then) for _ in range(2)] == [True, True]
    kept = WebhookReceiver("k", "s", notes=MemoryTokenStore())
    assert [await kept.handle(event, then) for _ in range(2)] == [True, False]
    assert seen == ["x", "x", "x"]


async def test_a_claim_that_cannot_be_released_does_not_hide_the_failure() -> None:
    class Broken(MemoryTokenStore):
        async def delete_note(self, key: AccountKey, name: str) -> bool:
            raise StoreError(f"{key} {name} cannot be reached")

    async def fails(event: WebhookEvent) -> None:
        raise ValueError(event.name)

    body = b'{"client_key":"k","event":"x","create_time":1}'
    one = WebhookReceiver("k", "s", notes=Broken())
    with pytest.raises(ValueError, match="x"):
        await one.handle(one.parse(body, one.sign(body)), fails)


OTHER_PROCESS = """
import asyncio, sys
from datetime import timedelta
from tiktok_async import EventInProgress, TikTokSession

async def main(url, body, signature):
    async with TikTokSession(client_key="k", client_secret="s", store=url) as session:
        event = session.webhooks.parse(body, signature, tolerance=timedelta(days=1))
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            print("new" if await session.webhooks.handle(event) else "seen")
        except EventInProgress:
            print("seen")

asyncio.run(main(sys.argv[1], sys.argv[2].encode(), sys.argv[3]))
"""


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_only_one_of_several_processes_handles_the_event(
    kind: str, tmp_path: Any, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/t.db" if kind == "sqlite" else str(request.getfixturevalue("redis_url"))
    receiver = WebhookReceiver("k", "s")
    body = json.dumps({"client_key": "k", "event": "x", "create_time": 1, "content": str(tmp_path)})
    command = [sys.executable, "-c", OTHER_PROCESS, url, body, receiver.sign(body.encode())]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    answers = [worker.communicate("go\n", timeout=100)[0].strip() for worker in workers]
    assert sorted(answers) == ["new", "seen", "seen"]


async def test_the_store_is_the_one_that_open_store_gives(emulator: Emulator) -> None:
    store = open_store("memory://")
    async with emulator.session(store=store) as one, emulator.session(store=store) as two:
        user = emulator.add_user()
        event = removed(one, user, emulator.clock.now())
        assert await one.webhooks.handle(event)
        assert not await two.webhooks.handle(event)
    await store.aclose()


async def until(happened: Any) -> None:
    while not happened():
        await asyncio.sleep(0.001)


async def fly(emulator: Emulator, work: "asyncio.Task[Any]") -> None:
    """Advance the emulator's time until *work* is done."""
    while not work.done():
        emulator.clock.advance(timedelta(seconds=5))
        await asyncio.sleep(0.001)
