"""Bulk sync on taskiq (extra `taskiq`).

Use a broker that acknowledges, such as the one that `stream_broker` makes. taskiq-redis's `ListQueueBroker` removes a
job from Redis before it is done: in measurements, a killed worker lost a fifth of its jobs. Here such a job is not
lost, but it is late by `SyncJobs.again_after`.
"""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from attrs import frozen
from taskiq import AsyncBroker, TaskiqEvents, TaskiqState
from taskiq.decor import AsyncTaskiqDecoratedTask
from taskiq_redis import RedisStreamBroker

from tiktok_async.errors import ConfigurationError
from tiktok_async.workers._jobs import OpenJobs, SyncJobs

_EVERY_MINUTE = "* * * * *"
_IDLE_MS = 120_000
_LOCK_SECONDS = 10.0


@frozen
class SyncTasks:
    """The tasks that `add_sync_tasks` added to a broker.

    Attributes:
        sync: `sync.kiq(open_id)` sends an account's job, for instance when its user logs in.
        reconcile: Sends the jobs that are due. taskiq's scheduler sends it each minute if its sources contain
            `LabelScheduleSource(broker)`; any other cron may call `reconcile.kiq()`.
    """

    sync: AsyncTaskiqDecoratedTask[[str, str | None], Coroutine[Any, Any, str]]
    reconcile: AsyncTaskiqDecoratedTask[[], Coroutine[Any, Any, int]]


def stream_broker(url: str, *, queue_name: str = "tiktok-sync", **options: Any) -> RedisStreamBroker:  # noqa: ANN401 - as RedisStreamBroker declares them
    """Make a broker on Redis streams with options that are safe when workers die.

    The defaults of taskiq-redis are not safe: its lock around the recovery of dead workers' jobs never expires, a
    worker takes a hundred jobs at a time, and acknowledged jobs stay in the stream for ever. It looks for dead workers'
    jobs only after it got a new job; the reconciler sends new jobs often enough.

    Args:
        url: The URL of Redis.
        queue_name: The stream.
        **options: Keywords of `RedisStreamBroker`; they override the safe options.

    Example:
        >>> broker = stream_broker("redis://localhost:6379/0")
        >>> tasks = add_sync_tasks(broker, opened)
    """
    safe: dict[str, Any] = {
        "consumer_id": "0",  # includes jobs that were sent before the first worker started
        "idle_timeout": _IDLE_MS,
        "unacknowledged_lock_timeout": _LOCK_SECONDS,
        "xread_count": 10,
        "maxlen": 100_000,  # a job that is trimmed away is sent again later
    }
    return RedisStreamBroker(url, queue_name=queue_name, **{**safe, **options})


def add_sync_tasks(broker: AsyncBroker, opened: OpenJobs) -> SyncTasks:
    """Add the tasks of bulk sync to *broker*.

    Args:
        broker: Any taskiq broker.
        opened: Opens what a worker process needs; called in workers only, once in each.

    Returns:
        The tasks.
    """
    stack = AsyncExitStack()
    open_now: list[SyncJobs] = []

    async def start(_: TaskiqState) -> None:
        # A receiver that lost its connection to Redis starts again, in the same process.
        if not open_now:
            open_now.append(await stack.enter_async_context(opened()))

    async def stop(_: TaskiqState) -> None:
        open_now.clear()
        await stack.aclose()

    def jobs() -> SyncJobs:
        if not open_now:
            msg = "The tasks of bulk sync run in a taskiq worker that was started with its events: run_startup=True."
            raise ConfigurationError(msg)
        return open_now[0]

    async def sync(open_id: str, checkpoint_id: str | None = None) -> str:
        return await jobs().sync(open_id, checkpoint_id)

    async def reconcile() -> int:
        return await jobs().reconcile(sending(tasks))

    broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, start)
    broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, stop)
    task: Any = broker.task
    tasks = SyncTasks(
        task(task_name="tiktok_async:sync_account")(sync),
        task(task_name="tiktok_async:reconcile", schedule=[{"cron": _EVERY_MINUTE}])(reconcile),
    )
    return tasks


def sending(tasks: SyncTasks) -> Callable[[str, str], Awaitable[object]]:
    """Return the `send` argument for `SyncJobs.reconcile`, for a reconciler outside of the workers."""

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await tasks.sync.kiq(open_id, checkpoint_id)

    return send
