"""The example sites under load, restarted in the middle: one session a process, nothing leaked, nothing lost."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.web.serving import EXAMPLES, Served, browser_like, log_in, stats, until
from tiktok_async import AccountKey
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint
from tiktok_async.stores import open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AT_ONCE = 200

_logger = logging.getLogger(__name__)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits=dict.fromkeys(Endpoint)) as running:
        yield running


class Load:
    """200 clients at once, until so many requests were answered."""

    def __init__(self, served: Served, clients: list[aiohttp.ClientSession], requests: int) -> None:
        self._served = served
        self._clients = clients
        self.left = requests
        self.restarted = True
        self.statuses: Counter[int] = Counter()
        self.unanswered = 0
        self.answered_at = 0.0
        self.pages: Counter[str] = Counter()

    async def run(self) -> None:
        await asyncio.gather(*(self._worker(number) for number in range(AT_ONCE)))

    async def _worker(self, number: int) -> None:
        http = self._clients[number % len(self._clients)]
        path = ("/", "/", "/events", "/")[number % 4]
        while self.left > 0 or not self.restarted:
            self.left -= 1
            try:
                async with http.get(self._served.url + path) as response:
                    text = await response.text()
            except aiohttp.ClientConnectionError:
                # The server does not listen during its restart; the request is repeated, as a reload does.
                self.left += 1
                self.unanswered += 1
                await asyncio.sleep(0.2)
                continue
            self.answered_at = time.monotonic()
            self.statuses[response.status] += 1
            if path == "/":
                self.pages["home" if 'id="name"' in text else text[:4000]] += 1


@pytest.mark.parametrize("example", EXAMPLES)
async def test_many_requests_succeed_over_a_restart(
    example: str, emulator: Emulator, tmp_path: Path, *, full: bool
) -> None:
    requests = 10_000 if full else 500
    users = [emulator.add_user(videos=30) for _ in range(20)]
    url = f"sqlite:///{tmp_path}/tokens.db"
    served = Served(example, emulator, url)
    await asyncio.to_thread(served.start)
    clients = [browser_like() for _ in users]
    try:
        for http, user in zip(clients, users, strict=True):
            assert await log_in(http, served, emulator, user) == "/"
        await warm_up(served, clients)
        before = await stats(clients[0], served)
        load = Load(served, clients, requests)
        load.restarted = False
        running = asyncio.create_task(load.run())
        await until(lambda: load.left < requests // 2)
        await restart_during_a_refresh(served, emulator, users[0], load)
        load.left, load.restarted = max(load.left, requests // 10), True
        await running
        emulator.send_webhook("post.publish.complete", {"publish_id": "after the restart"}, users[1])
        await emulator.webhooks_sent()
        async with clients[1].get(f"{served.url}/events") as events:
            assert "after the restart" in await events.text()
        await until(lambda: settled(clients[0], served, before))
    finally:
        for http in clients:
            await http.close()
        seconds, output = await asyncio.to_thread(served.stop)
    assert set(load.statuses) == {200}, load.statuses
    assert sum(load.statuses.values()) >= requests
    assert load.unanswered, "it was restarted while requests came"
    assert set(load.pages) == {"home"}, load.pages
    assert seconds < patience(served)
    assert output == "", "no warning is logged"
    assert before["sessions"] == 1
    assert not emulator.reuses, "a refresh token that was used twice would end its grant"
    await every_token_still_works(emulator, url, users)
    answered, more = sum(load.statuses.values()), load.unanswered
    _logger.info("%s: %d requests, %d more unheard, stopped in %.2f s", example, answered, more, seconds)


async def warm_up(served: Served, clients: list[aiohttp.ClientSession]) -> None:
    """Open connections and pools first, so that later growth of the counts is a leak."""
    load = Load(served, clients, 200)
    await load.run()


def patience(served: Served) -> float:
    """Return the seconds that the end may take: as long as the start on this machine."""
    return 5 + served.start_seconds


async def restart_during_a_refresh(served: Served, emulator: Emulator, user: EmulatedUser, load: Load) -> None:
    """Stop it during a rotation, and start it again.

    Only the delay by the session is checked: 200 running requests take as long as the machine needs.
    """
    slow = emulator.fail_next(Endpoint.TOKEN, delay=timedelta(seconds=1), times=1)
    emulator.expire_access(user)
    await until(lambda: slow.times == 0)
    asked_at = time.monotonic()
    seconds, output = await asyncio.to_thread(served.stop)
    held_up = seconds - max(0.0, load.answered_at - asked_at)
    assert held_up < patience(served)
    assert output == ""
    assert emulator.refreshes[user.open_id] == 1, "the running refresh was completed"
    await asyncio.to_thread(served.start)


async def settled(http: aiohttp.ClientSession, served: Served, before: dict[str, Any]) -> bool:
    """Return whether the process holds no more objects than after the warm-up."""
    now = await stats(http, served)
    assert now["sessions"] == 1
    return bool(now["tasks"] <= before["tasks"] + 2 and now["sockets"] <= before["sockets"] + 2)


async def every_token_still_works(emulator: Emulator, url: str, users: list[EmulatedUser]) -> None:
    store = open_store(url)
    try:
        async with emulator.session(store=store) as session:
            for user in users:
                assert await store.get(AccountKey(emulator.client_key, user.open_id)) is not None
                await session.oauth.refresh(user.open_id)
                assert (await session.account(user.open_id).user_info()).open_id == user.open_id
    finally:
        await store.aclose()
    assert not emulator.reuses
