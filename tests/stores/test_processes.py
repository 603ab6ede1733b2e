"""Real processes that share one store, and what it holds after they were killed."""

import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import RedisServer
from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.models import AccountKey
from tiktok_async.stores import open_store
from tiktok_async.testing._store_records import make_token

KEY = AccountKey("app", "one")
WORKER = Path(__file__).with_name("worker.py")
Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start workers; those that still run at the end are killed."""
    started: list[subprocess.Popen[str]] = []
    environment = {name: value for name, value in os.environ.items() if name != "TIKTOK_STORE_KEY"}

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WORKER), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def strict_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that answers after a write is on disk; with `everysec` it may answer a second earlier on a busy disk."""
    server = RedisServer(tmp_path, "--appendfsync", "always")
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tokens.db"
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres").url(schema=new_schema()))
    server: RedisServer = request.getfixturevalue("own_redis")
    return server.url


def acknowledged(process: "subprocess.Popen[str]", count: int) -> dict[str, tuple[int, int]]:
    """Read *count* lines of a `put_for_ever`; return the last version and number of each account."""
    assert process.stdout is not None
    last: dict[str, tuple[int, int]] = {}
    for _ in range(count):
        name, version, number = process.stdout.readline().split()
        last[name] = (int(version), int(number))
    return last


def drain(process: "subprocess.Popen[str]", last: dict[str, tuple[int, int]]) -> None:
    """Add what a killed process printed before its end; its last line may be incomplete."""
    assert process.stdout is not None
    for line in process.stdout.read().splitlines(keepends=True):
        if line.endswith("\n"):
            name, version, number = line.split()
            last[name] = (int(version), int(number))


async def check_nothing_lost(url: str, last: dict[str, tuple[int, int]]) -> None:
    store = open_store(url)
    for name, (version, number) in last.items():
        token = await store.get(AccountKey("app", name))
        assert token is not None
        assert token.version >= version
        assert int(token.refresh_token.reveal().removeprefix("rft.")) >= number
    await store.aclose()


@pytest.mark.slow
async def test_a_process_killed_during_puts_loses_no_acknowledged_token(url: str, spawn: Spawn, full: bool) -> None:  # noqa: FBT001 - a fixture
    rng = random.Random(1)
    for _ in range(50 if full else 4):
        process = spawn("put_for_ever", url)
        last = acknowledged(process, rng.randrange(20, 400))
        process.kill()
        process.wait()
        drain(process, last)
        await check_nothing_lost(url, last)


@pytest.mark.slow
async def test_a_redis_killed_during_writes_loses_no_acknowledged_token(
    strict_server: RedisServer,
    spawn: Spawn,
    full: bool,  # noqa: FBT001 - a fixture
) -> None:
    server, rng = strict_server, random.Random(1)
    for _ in range(20 if full else 3):
        process = spawn("put_for_ever", server.url)
        last = acknowledged(process, rng.randrange(20, 400))
        server.kill()
        process.kill()
        process.wait()
        drain(process, last)
        server.start()
        await check_nothing_lost(server.url, last)


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_postgres_killed_during_writes_loses_no_acknowledged_token(
    own_postgres: PostgresServer,
    spawn: Spawn,
    full: bool,  # noqa: FBT001 - a fixture
) -> None:
    rng = random.Random(1)
    for _ in range(20 if full else 3):
        process = spawn("put_for_ever", own_postgres.url())
        last = acknowledged(process, rng.randrange(20, 400))
        own_postgres.kill()
        process.kill()
        process.wait()
        drain(process, last)
        own_postgres.start()
        await check_nothing_lost(own_postgres.url(), last)


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    """Closes stores even if the test fails: a pool that reconnects to its server would keep the event loop running."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def standby(own_postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A standby of `own_postgres` that follows it."""
    copy = own_postgres.standby("one")
    copy.start()
    yield copy
    copy.remove()


def url_of_both(primary: PostgresServer, standby: PostgresServer) -> str:
    """Return the URL of two servers; the store uses the one that accepts writes."""
    return f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_synchronous_standby_that_takes_over_has_every_acknowledged_token(
    own_postgres: PostgresServer, standby: PostgresServer, spawn: Spawn, closing: AsyncExitStack
) -> None:
    own_postgres.execute("ALTER SYSTEM SET synchronous_standby_names = 'one'", "SELECT pg_reload_conf()")
    reported = list[str]()
    url = url_of_both(own_postgres, standby)
    store = open_store(url, on_unsafe=lambda finding: reported.append(finding.setting))
    closing.push_async_callback(store.aclose)
    await store.put(make_token(KEY), expected_version=0)
    assert reported == []
    process = spawn("put_for_ever", url)
    last = acknowledged(process, 300)
    own_postgres.kill()
    standby.promote()
    # The process continues with the new primary.
    last |= acknowledged(process, 100)
    process.kill()
    process.wait()
    drain(process, last)
    await check_nothing_lost(url, last)
    # A store that was connected to the old primary does the same.
    assert (await store.put(make_token(KEY), expected_version=1)).version == 2


@pytest.mark.slow
@pytest.mark.postgres
async def test_an_asynchronous_standby_may_lack_the_last_tokens_and_the_store_reports_that_before(
    own_postgres: PostgresServer, standby: PostgresServer, closing: AsyncExitStack
) -> None:
    reported = list[str]()
    url = url_of_both(own_postgres, standby)
    store = open_store(url, on_unsafe=lambda finding: reported.append(finding.setting))
    closing.push_async_callback(store.aclose)
    await store.put(make_token(KEY), expected_version=0)
    assert reported == ["synchronous_standby_names empty"]
    while standby.execute("SELECT to_regclass('tiktok.tokens') IS NOT NULL") != [(True,)] or standby.execute(
        "SELECT version FROM tiktok.tokens"
    ) != [(1,)]:
        pass
    standby.stop()
    await store.put(make_token(KEY), expected_version=1)
    own_postgres.kill()
    standby.start()
    standby.promote()
    token = await store.get(KEY)
    assert token is not None
    assert token.version == 1
    assert (await store.put(make_token(KEY), expected_version=1)).version == 2


async def test_the_lease_of_a_killed_process_is_taken_over_after_its_ttl_and_not_before(url: str, spawn: Spawn) -> None:
    process = spawn("hold_for_ever", url, 1.2)
    assert process.stdout is not None
    asked = float(process.stdout.readline())
    process.kill()
    process.wait()
    store = open_store(url)
    async with store.lease(KEY, ttl=timedelta(seconds=5), wait=timedelta(seconds=60)) as lease:
        assert lease.fence > 1
        assert time.monotonic() - asked > 1.1
    await store.aclose()


@pytest.mark.slow
def test_eight_processes_count_under_the_lease_alone_and_lose_no_update(
    url: str,
    tmp_path: Path,
    spawn: Spawn,
    full: bool,  # noqa: FBT001 - a fixture
) -> None:
    path, times = tmp_path / "number", 50 if full else 10
    path.write_text("0")
    processes = [spawn("count", url, path, times) for _ in range(8)]
    assert [process.wait(280) for process in processes] == [0] * 8
    assert path.read_text() == str(8 * times)


@pytest.mark.slow
async def test_eight_processes_open_a_new_store_at_once_and_lose_no_update(
    url: str,
    spawn: Spawn,
    full: bool,  # noqa: FBT001 - a fixture
) -> None:
    times = 200 if full else 25
    processes = [spawn("compare_and_set", url, times) for _ in range(8)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait(280) for process in processes] == [0] * 8
    store = open_store(url)
    token = await store.get(KEY)
    assert token is not None
    assert token.version == 8 * times
    await store.aclose()
