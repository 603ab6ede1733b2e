"""A worker of the example that is told to end, as by a deployment: it finishes what must not be cut off."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sync.ending import end_in_mid_rotation


@pytest.mark.redis
@pytest.mark.parametrize("engine", ["plain", "on_taskiq", "on_streaq"])
async def test_a_worker_that_gets_sigterm_saves_the_running_rotation(
    engine: str, redis_url: str, tmp_path: Path
) -> None:
    await end_in_mid_rotation(engine, redis_url, tmp_path)


class Deaf:
    """Waits for Redis and ignores the first cancellation, as redis-py sometimes does."""

    def __init__(self) -> None:
        self.heard = False

    async def brpop(self, *_: Any, **__: Any) -> None:
        await self.reconcile(None)

    async def reconcile(self, _: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.heard:
                raise
            self.heard = True


@asynccontextmanager
async def _deaf() -> Any:
    yield Deaf()


@pytest.mark.parametrize("name", ["plain", "scheduler"])
async def test_a_process_ends_although_its_client_ignores_the_request_to_end(recipe: Any, name: str) -> None:
    module = recipe(name, _deaf)
    work = module._take_jobs(None, Deaf()) if name == "plain" else module.main(SimpleNamespace(sender=_deaf))
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait({task}, timeout=50)
    assert ended
