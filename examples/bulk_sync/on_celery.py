"""The same on Celery. Its tasks cannot be `async def`, so one event loop in a thread runs all tasks of a process.

`celery -A bulk_sync.on_celery worker --pool threads --beat` runs a worker.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from celery import Celery, signals  # type: ignore[import-untyped]  # it ships no types

from .common import REDIS, opened

if TYPE_CHECKING:
    from tiktok_async.workers import SyncJobs

T = TypeVar("T")

app = Celery("bulk_sync", broker=REDIS)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,  # another worker gets a killed worker's job, after the broker's visibility timeout
    worker_prefetch_multiplier=1,
    task_serializer="json",
    accept_content=["json"],
    beat_schedule={"reconcile": {"task": "reconcile", "schedule": 60.0}},
)


class Loop:
    """An event loop in a thread, with an open session and stores for the jobs."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stack = AsyncExitStack()
        self.jobs: SyncJobs | None = None

    def start(self) -> None:
        """Start the thread; a second call in the same process does nothing."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
            self.jobs = self.run(self._stack.enter_async_context(opened()))

    def stop(self) -> None:
        """Close what was opened, and end the thread."""
        if self._loop is not None:
            self.run(self._stack.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop, self.jobs = None, None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* on the loop and wait for it."""
        if self._loop is None:
            work.close()
            message = "the worker has not started"
            raise RuntimeError(message)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


loop = Loop()


def start(**_: object) -> None:
    """Open what the jobs need."""
    loop.start()


def stop(**_: object) -> None:
    """Close what the jobs used."""
    loop.stop()


# The signals for each process of the prefork pool, and for the single process of the threads pool.
for signal in (signals.worker_process_init, signals.worker_ready):
    signal.connect(start)
for signal in (signals.worker_process_shutdown, signals.worker_shutdown):
    signal.connect(stop)


@app.task(name="sync_account")  # type: ignore[untyped-decorator]  # Celery ships no types
def sync_account(open_id: str, checkpoint_id: str | None = None) -> str:
    """Do one job."""
    loop.start()
    assert loop.jobs is not None  # noqa: S101 - for the type checker
    return loop.run(loop.jobs.sync(open_id, checkpoint_id))


@app.task(name="reconcile")  # type: ignore[untyped-decorator]  # Celery ships no types
def reconcile() -> int:
    """Send jobs for the accounts that are due; Celery's beat calls it each minute."""

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await asyncio.to_thread(sync_account.delay, open_id, checkpoint_id)

    loop.start()
    assert loop.jobs is not None  # noqa: S101 - for the type checker
    return loop.run(loop.jobs.reconcile(send))
