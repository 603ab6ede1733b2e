"""Storms of processes on shared accounts: one refresh a rotation, no dead token used, no call failed.

Each test runs for some seconds with few tasks, and for a minute with many with `--full`: a machine that is too slow
for the load gives each call to a token that has ended on its way.
"""

import asyncio
import random
from pathlib import Path

import pytest

from tests.conftest import RedisServer
from tests.fleet.conftest import url_of
from tests.fleet.fleet import Fleet, Report
from tests.postgres_server import PostgresServer
from tiktok_async.models import TokenState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FEW = 5  # tasks in each process


def _nothing_lost(report: Report) -> None:
    assert report.failed == []
    assert report.gone == {}
    assert report.provider["reuses"] == {}
    assert set(report.provider["token"]) == {"200"}
    for open_id, token in report.stored.items():
        assert token.state is TokenState.ACTIVE
        assert token.attempt is None
        # A login, and for each rotation the attempt and its result: no write was repeated or useless.
        assert token.version == 1 + 2 * report.provider["refreshes"].get(open_id, 0)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Kill on each store with `--full`, and on one of them otherwise: the processes do not know the store."""
    if "killed_store" in metafunc.fixturenames:
        full = metafunc.config.getoption("--full")
        metafunc.parametrize("killed_store", ["sqlite", "redis", "postgres"] if full else ["sqlite"], indirect=True)


@pytest.fixture
def killed_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that processes share while they are killed."""
    return url_of(request, tmp_path)


async def test_eight_processes_share_twenty_accounts_whose_tokens_live_two_seconds(
    store_url: str, tmp_path: Path, *, full: bool
) -> None:
    tasks = 50 if full else FEW
    # No process is killed, so none waits for a lease: the timeout of a request only ends a hang.
    async with Fleet(store_url, tmp_path, tasks=tasks, timeout=60) as fleet:
        await fleet.run(60 if full else 2)
        await fleet.rotated(40 if full else 20)
        report = await fleet.finish()
    _nothing_lost(report)
    assert report.ok > 8 * tasks
    assert report.refreshed == sum(report.provider["refreshes"].values()) >= 20


async def test_processes_killed_each_second_lose_only_the_tokens_of_interrupted_rotations(
    killed_store: str, tmp_path: Path, *, full: bool
) -> None:
    rng = random.Random(3)
    # A lease is three times as long as a request may take; the wait for the lease of a dead process is that long.
    tasks, timeout, processes = (50, 2.0, 8) if full else (FEW, 2.5, 4)
    async with Fleet(killed_store, tmp_path, slow=0.2, tasks=tasks, timeout=timeout, processes=processes) as fleet:
        for _ in range(60 if full else 5):
            await fleet.run(1)
            await fleet.replace(rng.randrange(processes))
        await fleet.settled()
        report = await fleet.finish()
    assert report.failed == []
    lost = {open_id for open_id, token in report.stored.items() if token.state is not TokenState.ACTIVE}
    assert {report.stored[open_id].reason for open_id in lost} <= {"interrupted_rotation"}
    assert set(report.gone) <= lost
    assert all(reasons == {"interrupted_rotation"} for reasons in report.gone.values())
    # TikTok had rotated each of them, and the process was killed before the save: the one replay shows that.
    assert report.provider["reuses"] == dict.fromkeys(lost, 1)


@pytest.fixture(
    params=[
        pytest.param("own_redis", marks=pytest.mark.redis),
        pytest.param("own_postgres", marks=pytest.mark.postgres),
    ]
)
def server(request: pytest.FixtureRequest) -> RedisServer | PostgresServer:
    """A server of the test's own."""
    server: RedisServer | PostgresServer = request.getfixturevalue(request.param)
    return server


async def test_a_server_that_is_away_for_seconds_makes_refreshes_wait_and_loses_nothing(
    server: RedisServer | PostgresServer, tmp_path: Path, *, full: bool
) -> None:
    url = server.url if isinstance(server, RedisServer) else server.url()
    tasks, timeout = (50, 2.0) if full else (FEW, 5.0)
    # A token that was rotated just before the server stopped must live longer than the outage: one
    # that expires before it can be stored rightly fails its calls.
    async with Fleet(url, tmp_path, life=10, processes=4, tasks=tasks, timeout=timeout) as fleet:
        await fleet.run(20 if full else 3)
        await asyncio.to_thread(server.stop)
        await fleet.run(5 if full else 2)
        await asyncio.to_thread(server.start)
        await fleet.run(20 if full else 2)
        await fleet.rotated(20 if full else 10)
        report = await fleet.finish()
    assert report.failed == []
    assert report.gone == {}
    assert report.provider["reuses"] == {}
    assert all(token.state is TokenState.ACTIVE for token in report.stored.values())
