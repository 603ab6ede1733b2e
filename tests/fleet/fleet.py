"""A fleet of processes around one emulator and one store."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, Self

from attrs import define, field

from tiktok_async.models import AccountKey, Token
from tiktok_async.stores import open_store

_HERE = Path(__file__).parent


async def _start(script: str, settings: dict[str, Any]) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(_HERE / script), json.dumps(settings)),
        stdin=PIPE,
        stdout=PIPE,
        limit=2**24,  # one line may name ten thousand accounts
    )


async def _finish(process: Process) -> bytes:
    """Close the process's input, which ends it, and read its output."""
    output, _ = await asyncio.wait_for(process.communicate(b""), 100)
    return output or b""


@define
class Report:
    """What happened.

    Attributes:
        ok: Calls that succeeded, in processes that were not killed.
        refreshed: Rotations that such processes made.
        failed: What failed.
        gone: The reasons why accounts must log in again, by open_id.
        provider: What the emulator counted.
        stored: What is in the store at the end, by open_id.
    """

    ok: int = 0
    refreshed: int = 0
    failed: list[dict[str, str]] = field(factory=list[dict[str, str]])
    gone: dict[str, set[str]] = field(factory=dict[str, set[str]])
    provider: dict[str, Any] = field(factory=dict[str, Any])
    stored: dict[str, Token] = field(factory=dict[str, Token])


class Fleet:
    """Processes that share accounts.

    Args:
        store: The store's URL.
        directory: For the processes' logs.
        life: Of an access token, in seconds.
        processes: How many.
        tasks: How many in each process.
        accounts: How many they share.
        slow: Seconds between the work of the provider and its answer.
        timeout: Seconds for a request; a lease is three times as long.
    """

    def __init__(
        self,
        store: str,
        directory: Path,
        *,
        life: int = 2,
        processes: int = 8,
        tasks: int = 50,
        accounts: int = 20,
        slow: float = 0.0,
        timeout: float = 2.0,
    ) -> None:
        self._store = store
        self._directory = directory
        self._provider_settings = {"store": store, "life": life, "accounts": accounts, "slow": slow}
        self._count = processes
        self._settings: dict[str, Any] = {"store": store, "tasks": tasks, "timeout": timeout, "pace": 1.0}
        self._workers: list[Process] = []
        self._started = 0
        self._provider: Process | None = None
        self.kills = 0

    async def __aenter__(self) -> Self:
        self._provider = await _start("provider.py", self._provider_settings)
        assert self._provider.stdout is not None
        self._settings |= json.loads(await asyncio.wait_for(self._provider.stdout.readline(), 100))
        await asyncio.gather(*(self._start_worker() for _ in range(self._count)))
        return self

    async def __aexit__(self, *error: object) -> None:
        for process in [*self._workers, self._provider]:
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()

    async def run(self, seconds: float) -> None:
        """Let it work; a process that ends by itself is a failure."""
        ends = [asyncio.ensure_future(worker.wait()) for worker in self._workers]
        ended, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        assert not ended, "a worker ended by itself"

    async def rotated(self, times: int) -> None:
        """Let it work until its accounts were refreshed *times* more."""
        wanted = await self._rotations() + times
        while await self._rotations() < wanted:
            await self.run(0.5)

    async def settled(self) -> None:
        """Let it work until each attempt that is open now is settled; its process may be dead."""
        left = {open_id: token.attempt for open_id, token in (await self._stored()).items() if token.attempt}
        while left:
            await self.run(0.5)
            stored = await self._stored()
            left = {open_id: attempt for open_id, attempt in left.items() if stored[open_id].attempt == attempt}

    async def replace(self, number: int) -> None:
        """Kill one process as `kill -9` does, and start another in its place."""
        worker = self._workers.pop(number % len(self._workers))
        worker.kill()
        await worker.wait()
        self.kills += 1
        await self._start_worker()

    async def finish(self) -> Report:
        """End the processes in order and return what happened."""
        await asyncio.gather(*(_finish(worker) for worker in self._workers))
        assert [worker.returncode for worker in self._workers] == [0] * len(self._workers)
        assert self._provider is not None
        report = Report(provider=json.loads(await _finish(self._provider)))
        for log in self._directory.glob("worker-*.jsonl"):
            for line in log.read_text().splitlines():
                self._read(report, json.loads(line))
        report.stored = await self._stored()
        return report

    async def _rotations(self) -> int:
        # Each is two versions: the attempt and its result.
        return sum(token.version // 2 for token in (await self._stored()).values())

    async def _stored(self) -> dict[str, Token]:
        store = open_store(self._store)
        stored: dict[str, Token] = {}
        for open_id in self._settings["accounts"]:
            token = await store.get(AccountKey(self._settings["client_key"], open_id))
            assert token is not None
            stored[open_id] = token
        await store.aclose()
        return stored

    @staticmethod
    def _read(report: Report, line: dict[str, Any]) -> None:
        if "failed" in line:
            report.failed.append(line)
        elif "gone" in line:
            report.gone.setdefault(line["gone"], set()).add(line["reason"])
        else:
            report.ok += line.get("ok", 0)
            report.refreshed += line.get("refreshed", 0)

    async def _start_worker(self) -> None:
        self._started += 1
        log = self._directory / f"worker-{self._started}.jsonl"
        worker = await _start("worker.py", {**self._settings, "log": str(log)})
        self._workers.append(worker)
        assert worker.stdout is not None
        assert await asyncio.wait_for(worker.stdout.readline(), 250) == b"ready\n"
