"""What observing costs a call: none, log records, OpenTelemetry's API alone, and its SDK with an exporter that drops.

    python -m benchmarks.bench_observers [--quick]

Each observer runs beside the same session without one, call by call in turns against one canned server, so that a busy
machine slows both. `alone` is the telling by itself: on a busy machine the surer figure of the two.
Goals: off at most 0.5 % of a call, on at most 5 %.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from benchmarks._rows import Row, alone, main
from benchmarks.canned_server import serving
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


async def compare(url: str, observer: Observer, repetitions: int, calls: int) -> list[tuple[float, float]]:
    """Return pairs of a call's CPU without and with *observer*."""
    async with AsyncExitStack() as stack:
        bare, observed = await opened(stack, url, None), await opened(stack, url, observer)
        await cost(bare, 100)
        await cost(observed, 100)
        pairs: list[tuple[float, float]] = []
        for number in range(repetitions):
            first, second = (bare, observed) if number % 2 else (observed, bare)
            one, two = await cost(first, calls), await cost(second, calls)
            pairs.append((one, two) if number % 2 else (two, one))
    return pairs


def telling(observer: Observer, repetitions: int = 5_000) -> float:
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


def calls(*, quick: bool) -> list[Row]:
    repetitions, times = (20, 50) if quick else (60, 100)
    rows: list[Row] = []
    with serving() as url:
        for name, observer in observers().items():
            pairs = asyncio.run(compare(url, observer, repetitions, times))
            took = min(telling(observer) for _ in range(5))
            share = [100 * took / before for before, _ in pairs]
            grown = [100 * (after / before - 1) for before, after in pairs]
            off, on = (0.5, None) if observer is None else (None, 5)
            rows += [
                alone("" if off is None else "observers", f"telling, {name}", "% of a call's CPU", share, at_most=off),
                alone("" if on is None else "observers", f"a call's CPU grows, {name}", "%", grown, at_most=on),
            ]
    return rows


if __name__ == "__main__":
    main(__doc__, {"calls": calls})
