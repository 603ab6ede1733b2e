"""The same on procrastinate, whose queue is PostgreSQL: `procrastinate --app bulk_sync.on_procrastinate.app worker`.

Tokens, limits and checkpoints are still in Redis.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from procrastinate import App, PsycopgConnector
from procrastinate.connector import BaseConnector

from tiktok_async.workers import SyncJobs

from .common import CONCURRENCY, opened


def make_app(connector: BaseConnector) -> tuple[App, list[SyncJobs]]:
    """Return an app with the two tasks, and the list from which they take the open `SyncJobs`."""
    app, open_now = App(connector=connector), list[SyncJobs]()

    @app.task(name="sync_account")
    async def sync_account(open_id: str, checkpoint_id: str | None = None) -> str:
        return await open_now[0].sync(open_id, checkpoint_id)

    async def send(open_id: str, checkpoint_id: str) -> object:
        return await sync_account.defer_async(open_id=open_id, checkpoint_id=checkpoint_id)

    @app.periodic(cron="* * * * *")
    @app.task(name="reconcile")
    async def reconcile(timestamp: int) -> int:
        del timestamp
        return await open_now[0].reconcile(send)

    return app, open_now


@asynccontextmanager
async def opened_in(open_now: list[SyncJobs]) -> AsyncIterator[None]:
    """Open what the tasks need."""
    async with opened() as jobs:
        open_now.append(jobs)
        yield
        open_now.clear()


app, _open_now = make_app(PsycopgConnector(conninfo=os.environ.get("DATABASE_URL", "")))


async def work() -> None:
    """Do jobs until cancelled."""
    async with app.open_async(), opened_in(_open_now):
        await app.run_worker_async(concurrency=CONCURRENCY, delete_jobs="always")
