"""A worker's two jobs, and their use with taskiq and streaQ."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from taskiq import InMemoryBroker, TaskiqMiddleware
from taskiq.message import TaskiqMessage

from tests.sync.conftest import Sink, World
from tiktok_async.workers import OpenJobs, SyncJobs
from tiktok_async.workers.streaq import sending as sending_streaq
from tiktok_async.workers.streaq import sync_worker
from tiktok_async.workers.taskiq import add_sync_tasks, sending, stream_broker

HALF_DAY = timedelta(hours=12)


@pytest.fixture
def opened(world: World, sink: Sink) -> OpenJobs:
    @asynccontextmanager
    async def opened() -> AsyncIterator[SyncJobs]:
        yield SyncJobs(session=world.session, checkpoints=world.checkpoints, handler=sink)

    return opened


async def _all_due(world: World, count: int) -> list[Any]:
    users = [await world.connect(videos=2) for _ in range(count)]
    jobs = SyncJobs(session=world.session, checkpoints=world.checkpoints, handler=Sink())

    async def nobody(open_id: str, checkpoint_id: str) -> None:
        pytest.fail(f"{open_id} is due for {checkpoint_id} too early")

    assert await jobs.reconcile(nobody) == 0
    world.emulator.clock.advance(HALF_DAY)
    return users


async def test_jobs_return_their_state_and_log_a_needed_login_once(
    world: World, opened: OpenJobs, caplog: pytest.LogCaptureFixture
) -> None:
    user = await world.connect(videos=1)
    async with opened() as jobs:
        assert await jobs.sync(user.open_id) == "synced"
        assert await jobs.sync(user.open_id, "0") == "not_due"
        world.emulator.revoke(user)
        assert [await jobs.sync(user.open_id) for _ in range(3)] == ["login_needed"] * 3
    assert len([record for record in caplog.records if user.open_id in record.message and "log" in record.message]) >= 1
    assert sum("tiktok_async.sync" in record.name for record in caplog.records) == 1


class _Messages(TaskiqMiddleware):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[TaskiqMessage] = []

    def pre_send(self, message: TaskiqMessage) -> TaskiqMessage:
        self.sent.append(message)
        return message


async def test_a_taskiq_reconciler_sends_due_jobs_and_workers_run_them(
    world: World, sink: Sink, opened: OpenJobs
) -> None:
    users = await _all_due(world, 5)
    messages = _Messages()
    broker = InMemoryBroker(await_inplace=True).with_middlewares(messages)
    tasks = add_sync_tasks(broker, opened)
    await broker.startup()
    await broker.startup()  # as after an outage
    result = await (await tasks.reconcile.kiq()).wait_result()
    assert result.return_value == 5
    assert {page.account.open_id for page in sink.pages} == {user.open_id for user in users}
    jobs = [message for message in messages.sent if message.task_name == "tiktok_async:sync_account"]
    assert sorted(message.args[0] for message in jobs) == sorted(user.open_id for user in users)
    assert {message.args[1] for message in jobs} == {"0"}
    assert "act." not in repr(messages.sent)
    assert tasks.reconcile.labels["schedule"] == [{"cron": "* * * * *"}]
    await broker.shutdown()


async def test_on_taskiq_a_job_can_be_sent_when_a_user_logs_in(world: World, sink: Sink, opened: OpenJobs) -> None:
    user = await world.connect(videos=2)
    broker = InMemoryBroker(await_inplace=True)
    tasks = add_sync_tasks(broker, opened)
    await broker.startup()
    result = await (await tasks.sync.kiq(user.open_id, None)).wait_result()
    assert result.return_value == "synced"
    assert len(sink.rows) == 2
    await broker.shutdown()


async def test_a_taskiq_worker_without_its_events_raises_an_error(opened: OpenJobs) -> None:
    broker = InMemoryBroker(await_inplace=True)
    tasks = add_sync_tasks(broker, opened)
    result = await (await tasks.sync.kiq("one", None)).wait_result()
    assert "run_startup=True" in str(result.error)


async def test_the_stream_broker_has_options_that_are_safe_when_workers_die() -> None:
    broker = stream_broker("redis://localhost:1/0", xread_count=3)
    assert (broker.consumer_id, broker.count, broker.unacknowledged_lock_timeout) == ("0", 3, 10.0)
    assert broker.maxlen == 100_000
    assert callable(sending(add_sync_tasks(broker, asynccontextmanager(_never))))
    await broker.shutdown()


async def _never() -> AsyncIterator[SyncJobs]:
    pytest.fail("opened outside of a worker")
    yield


async def test_on_streaq_the_queue_holds_open_ids_and_no_token(
    world: World, sink: Sink, opened: OpenJobs, redis_url: str
) -> None:
    users = await _all_due(world, 3)
    syncing = sync_worker(redis_url, opened, queue_name="test-sync", concurrency=4, handle_signals=False)
    jobs = SyncJobs(session=world.session, checkpoints=world.checkpoints, handler=sink)
    async with syncing.worker:
        assert await jobs.reconcile(sending_streaq(syncing)) == 3
    async with Redis.from_url(redis_url) as redis:
        kept = [await redis.dump(key) or b"" async for key in redis.scan_iter("streaq:test-sync*")]
    assert any(users[0].open_id.encode() in value for value in kept)
    assert not any(b"act." in value or b"rft." in value for value in kept)
    assert {syncing.sync.fn_name, syncing.reconcile.fn_name} == set(syncing.worker.registry)
