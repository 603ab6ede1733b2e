"""Bulk sync on taskiq (extra `taskiq`).

Use a broker that acknowledges, such as the one `stream_broker` makes. taskiq-redis's `ListQueueBroker` takes a job out
of Redis before it is done: measured, a killed worker lost a fifth of them. Here such a job is only late, by
`SyncJobs.again_after`; but late it is.
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
        reconcile: Sends the jobs that are due. taskiq's scheduler sends it each minute where its sources contain
            `LabelScheduleSource(broker)`; any other cron may send `reconcile.kiq()`.
    """

    sync: AsyncTaskiqDecoratedTask[[str, str | None], Coroutine[Any, Any, str]]
    reconcile: AsyncTaskiqDecoratedTask[[], Coroutine[Any, Any, int]]


def stream_broker(url: str, *, queue_name: str = "tiktok-sync", **options: Any) -> RedisStreamBroker:  # noqa: ANN401 - as RedisStreamBroker declares them
    """Make a broker on Redis streams with options that are safe when workers die.

    taskiq-redis's own are not: its lock around the recovery of dead workers' jobs has no end, a worker takes a hundred
    jobs at a time, and acknowledged jobs stay in the stream for ever. It looks for dead workers' jobs only after it got
    a new one; the reconciler's next jobs see to that.

    Args:
        url: Redis.
        queue_name: The stream.
        **options: Keywords of `RedisStreamBroker`, which win.

    Example:
        >>> broker = stream_broker("redis://localhost:6379/0")
        >>> tasks = add_sync_tasks(broker, opened)
    """
    safe: dict[str, Any] = {
        "consumer_id": "0",  # jobs that were sent before the first worker came count too
        "idle_timeout": _IDLE_MS,
        "unacknowledged_lock_timeout": _LOCK_SECONDS,
        "xread_count": 10,
        "maxlen": 100_000,  # a job that is trimmed away is a late one
    }
    return RedisStreamBroker(url, queue_name=queue_name, **{**safe, **options})


def add_sync_tasks(broker: AsyncBroker, opened: OpenJobs) -> SyncTasks:
    """Add the tasks of bulk sync to *broker*.

    Args:
        broker: Any broker of taskiq's.
        opened: Opens what a worker process needs; called in workers only, once in each.

    Returns:
        The tasks.
    """
    stack = AsyncExitStack()
    open_now: list[SyncJobs] = []

    async def start(_: TaskiqState) -> None:
        # A receiver that lost Redis for a while starts again, in the same process.
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
    """Return what `SyncJobs.reconcile` sends a job with, for a reconciler outside of the workers."""

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await tasks.sync.kiq(open_id, checkpoint_id)

    return send
