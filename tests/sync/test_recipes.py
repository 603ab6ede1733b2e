"""The recipes for other engines do a job: enough to see that they fit what those engines are today."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker  # type: ignore[import-untyped]  # it ships no types
from procrastinate.testing import InMemoryConnector

from tests.sync.conftest import Sink, World, token_of
from tiktok_async.session import TikTokSession
from tiktok_async.stores import SQLiteTokenStore, open_checkpoints
from tiktok_async.workers import SyncJobs


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Restore the root logger, which Celery's worker changes: later tests read the log."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def _opened(world: World, sink: Sink) -> Any:
    @asynccontextmanager
    async def opened() -> Any:
        yield SyncJobs(session=world.session, checkpoints=world.checkpoints, handler=sink)

    return opened


async def test_procrastinate_runs_a_job_and_reconciles(world: World, sink: Sink, recipe: Any) -> None:
    user = await world.connect(videos=3)
    module = recipe("on_procrastinate", _opened(world, sink))
    connector = InMemoryConnector()
    app, open_now = module.make_app(connector)
    async with app.open_async(), module.opened_in(open_now):
        await app.tasks["sync_account"].defer_async(open_id=user.open_id)
        await app.tasks["reconcile"].defer_async(timestamp=0)
        await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)
    assert set(sink.rows) == set(user.videos.ids())
    assert {job["status"] for job in connector.jobs.values()} == {"succeeded"}


async def test_celery_runs_a_job_on_its_own_event_loop(world: World, sink: Sink, recipe: Any, tmp_path: Path) -> None:
    user = world.emulator.add_user(videos=3)
    path = tmp_path / "tokens.db"
    tokens = SQLiteTokenStore(path)
    await tokens.put(token_of(world.emulator, user), expected_version=None)
    await tokens.aclose()

    @asynccontextmanager
    async def opened() -> Any:
        async with TikTokSession(
            client_key=world.emulator.client_key,
            client_secret=world.emulator.client_secret,
            base_url=world.emulator.url,
            store=f"sqlite:///{path}",
        ) as session:
            yield SyncJobs(session=session, checkpoints=open_checkpoints("memory://"), handler=sink)

    module = recipe("on_celery", opened)
    module.app.conf.update(broker_url="memory://", result_backend="cache+memory://", task_ignore_result=False)

    def work() -> tuple[str, str]:
        with start_worker(module.app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
            first = module.sync_account.delay(user.open_id).get(timeout=100)
            second = module.sync_account.delay(user.open_id, "0").get(timeout=100)
        module.loop.stop()
        return first, second

    assert await asyncio.to_thread(work) == ("synced", "not_due")
    assert set(sink.rows) == set(user.videos.ids())
