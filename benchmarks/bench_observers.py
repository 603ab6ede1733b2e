"""What observing costs a call: none, log records, OpenTelemetry's API alone, and its SDK with an exporter that drops.

    python benchmarks/bench_observers.py [--quick]

Each observer runs beside the same session without one, call by call in turns against one canned server, so that a busy
machine slows both. `alone` is the telling by itself: on a busy machine the surer figure of the two.
Goals: off at most 0.5 % of a call, on at most 5 %.
"""

import asyncio
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from tiktok_async import AccountKey, Event, RequestFinished, Secret, TikTokSession, Token
from tiktok_async._observing import guarded
from tiktok_async.stores import MemoryTokenStore
from tiktok_async.telemetry import LoggingObserver, OpenTelemetryObserver

Observer = Callable[[Event], None] | None
Call = Callable[[], Awaitable[object]]


def with_sdk(*, share: float = 1.0) -> OpenTelemetryObserver:
    """Return an observer over OpenTelemetry's SDK, as an application has it; spans are made and then dropped."""
    sampler = ALWAYS_OFF if share == 0 else ParentBased(TraceIdRatioBased(share))
    return OpenTelemetryObserver(
        tracer_provider=TracerProvider(sampler=sampler), meter_provider=MeterProvider([InMemoryMetricReader()])
    )


def ignore(event: Event) -> None:
    del event


def observers() -> dict[str, Observer]:
    logging.getLogger("tiktok_async").setLevel(logging.WARNING)
    return {
        "none (beside itself)": None,
        "an empty function": ignore,
        "LoggingObserver, level WARNING": LoggingObserver(),
        "OpenTelemetry, API alone": OpenTelemetryObserver(),
        "OpenTelemetry SDK, metrics and 10 % of spans": with_sdk(share=0.1),
        "OpenTelemetry SDK, metrics and all spans": with_sdk(),
    }


async def opened(stack: AsyncExitStack, url: str, observer: Observer) -> Call:
    store = MemoryTokenStore()
    now = datetime.now(UTC)
    token = Token(
        key=AccountKey("bench", "user"),
        access_token=Secret("act.bench"),
        refresh_token=Secret("rft.bench"),
        scopes=frozenset({"video.list"}),
        expires_at=now + timedelta(hours=2),
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )
    await store.put(token, expected_version=None)
    session = await stack.enter_async_context(
        TikTokSession(
            client_key="bench",
            client_secret="bench-secret",
            store=store,
            limiter="none://",
            base_url=url,
            observer=observer,
        )
    )
    account = session.account("user")

    async def call() -> object:
        return await account.videos().collect()

    return call


async def cost(call: Call, calls: int) -> float:
    """Return CPU microseconds a call."""
    began = time.process_time()
    for _ in range(calls):
        await call()
    return (time.process_time() - began) / calls * 1e6


async def compare(url: str, observer: Observer, repetitions: int, calls: int) -> tuple[float, float, float]:
    """Return a call's CPU without and with *observer*, and the median of the pairs' ratios less one."""
    async with AsyncExitStack() as stack:
        bare, observed = await opened(stack, url, None), await opened(stack, url, observer)
        await cost(bare, 100)
        await cost(observed, 100)
        pairs: list[tuple[float, float]] = []
        for number in range(repetitions):
            first, second = (bare, observed) if number % 2 else (observed, bare)
            one, two = await cost(first, calls), await cost(second, calls)
            pairs.append((one, two) if number % 2 else (two, one))
    ratio = statistics.median(after / before for before, after in pairs) - 1
    return statistics.median(b for b, _ in pairs), statistics.median(a for _, a in pairs), ratio


def alone(observer: Observer, repetitions: int = 5_000) -> float:
    """Return microseconds that telling *observer* of one call takes, the event's making included."""
    emit = guarded(observer)
    at, took, none = datetime.now(UTC), timedelta(milliseconds=20), timedelta(0)
    began = time.perf_counter()
    for _ in range(repetitions):
        if emit is not None:
            emit(
                RequestFinished(
                    at=at,
                    open_id="user",
                    endpoint="/v2/video/list/",
                    method="POST",
                    status=200,
                    duration=took,
                    attempts=1,
                    waited=none,
                    log_id="20261120101010AAAABBBBCCCCDDDD0004",
                )
            )
    return (time.perf_counter() - began) / repetitions * 1e6


async def main(*, quick: bool) -> None:
    script = str(Path(__file__).with_name("canned_server.py"))
    server = await asyncio.create_subprocess_exec(sys.executable, script, stdout=subprocess.PIPE)
    assert server.stdout is not None
    url = f"http://127.0.0.1:{int(await server.stdout.readline())}"
    repetitions, calls = (20, 50) if quick else (60, 100)
    print("| observer | alone, us | of a call's CPU | call without, CPU us | call with, CPU us | median of pairs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    try:
        for name, observer in observers().items():
            before, after, ratio = await compare(url, observer, repetitions, calls)
            took = min(alone(observer) for _ in range(5))
            share = took / before
            print(f"| {name} | {took:.2f} | {share:.2%} | {before:.0f} | {after:.0f} | {ratio:+.1%} |", flush=True)
    finally:
        server.terminate()
        await server.wait()


if __name__ == "__main__":
    asyncio.run(main(quick="--quick" in sys.argv[1:]))
