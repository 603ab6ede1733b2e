"""A fleet of the example's processes around an emulator in a process of its own, and ways to end them."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Fleet:
    """The workers and the scheduler; a killed one is started again, as compose or systemd does.

    Args:
        engine: A module of the example.
        environment: Environment variables of its processes.
        logs: A directory for their output.

    Attributes:
        killed: When a worker was ended by `kill -9`.
    """

    def __init__(self, engine: str, environment: dict[str, str], logs: Path) -> None:
        self._engine = engine
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        self._logs = logs
        self._processes: dict[str, Process] = {}
        self._restarts: list[asyncio.Task[None]] = []
        self.killed: list[datetime] = []

    async def start(self, workers: int) -> None:
        """Start the scheduler and some workers."""
        for name in ["scheduler", *(f"worker-{number}" for number in range(workers))]:
            self._restarts.append(asyncio.create_task(self._run_again(name)))
        while len(self._processes) <= workers:
            await asyncio.sleep(0.05)

    async def _run_again(self, name: str) -> None:
        while True:
            with (self._logs / f"{name}.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    f"bulk_sync.{name.partition('-')[0]}",
                    self._engine,
                    cwd=ROOT / "examples",
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                )
            self._processes[name] = process
            await process.wait()
            await asyncio.sleep(0.2)

    def kill_worker(self, number: int) -> None:
        """End a worker as `kill -9` does."""
        process = self._processes[f"worker-{number}"]
        if process.returncode is None:
            process.kill()
            self.killed.append(datetime.now(UTC))

    async def end(self) -> list[int | None]:
        """End all of them as an operator does, and return their exit codes."""
        self._cancel_restarts()
        for process in self._processes.values():
            if process.returncode is None:
                process.terminate()
        return [await asyncio.wait_for(process.wait(), 100) for process in self._processes.values()]

    async def stop(self) -> None:
        """End those that still run."""
        self._cancel_restarts()
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _cancel_restarts(self) -> None:
        for restart in self._restarts:
            restart.cancel()


@asynccontextmanager
async def provider_process(settings: dict[str, Any]) -> AsyncIterator[tuple[Process, dict[str, str]]]:
    """Start an emulator with creators whose tokens are in a store; yield it and the settings of its clients."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sync.provider",
        json.dumps(settings),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(await asyncio.wait_for(process.stdout.readline(), 100))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
