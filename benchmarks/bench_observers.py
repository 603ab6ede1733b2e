"""What observing costs a call: nobody, log records, OpenTelemetry's API alone, and its SDK beside the SDK's own floor.

    python -m benchmarks.bench_observers [CASE ...] [--quick]

`telling` is the observer by itself, from the end of a call on; beside it stands the least that OpenTelemetry's SDK can
be asked for: one span and one measurement, with attributes that are ready. `http` and `tls` are the CPU of whole calls
to a server on this machine, with and without the observer in turns, 1 and 32 in flight. `waiting` is the time of calls
whose answer takes 50 ms, as a user waits for them.
Goals: off at most 0.5 % of a call, on at most 5 %.
"""

import asyncio
import logging
import ssl
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NoOpTracerProvider, SpanKind

from benchmarks._load import timed
from benchmarks._login import logged_in
from benchmarks._rows import Row, alone, beside, in_turns, main
from benchmarks.bench_uploads import certificate
from benchmarks.canned_server import serving
from tiktok_async import Endpoint, Event, RequestFinished, TikTokSession
from tiktok_async._calls.events import safe_observer
from tiktok_async._calls.rules.endpoints import ENDPOINTS
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.telemetry import LoggingObserver, OpenTelemetryObserver

Observer = Callable[[Event], None] | None
Once = Callable[[], Awaitable[object]]

SPEC = ENDPOINTS[Endpoint.VIDEO_LIST]
LOG_ID = "20261120101010AAAABBBBCCCCDDDD0004"
OFF = "nobody"
ALL = "OpenTelemetry SDK, metrics and all spans"
# What the rest is held against: how much the figures scatter, and what the SDK takes whoever calls it.
AGAIN = "nobody, once more"
LEAST = "the SDK by hand, no attributes"
SAME = "the SDK by hand, the same attributes"
MEASURED: dict[str, Any] = {"http.request.method": "POST", "url.template": SPEC.path, "http.response.status_code": 200}
ATTRIBUTES: dict[str, Any] = {
    **MEASURED,
    "server.address": "open.tiktokapis.com",
    "server.port": 443,
    "url.full": f"https://open.tiktokapis.com{SPEC.path}",
    "tiktok.open_id": "user",
    "tiktok.log_id": LOG_ID,
}


def meters() -> MeterProvider:
    return MeterProvider([InMemoryMetricReader()])


def sampled(share: float) -> OpenTelemetryObserver:
    """Return an observer over the SDK as an application has it; spans are made and dropped."""
    sampler = ParentBased(TraceIdRatioBased(share))
    return OpenTelemetryObserver(tracer_provider=TracerProvider(sampler=sampler), meter_provider=meters())


def observers() -> dict[str, Observer]:
    logging.getLogger("tiktok_async").setLevel(logging.WARNING)
    return {
        OFF: None,
        AGAIN: None,
        "LoggingObserver, level WARNING": LoggingObserver(),
        "OpenTelemetry, API alone": OpenTelemetryObserver(),
        "OpenTelemetry SDK, metrics alone": OpenTelemetryObserver(
            tracer_provider=NoOpTracerProvider(), meter_provider=meters()
        ),
        "OpenTelemetry SDK, metrics and 10 % of spans": sampled(0.1),
        ALL: sampled(1.0),
        LEAST: floor(attributes=False),
        SAME: floor(attributes=True),
    }


def floor(*, attributes: bool) -> Callable[[Event], None]:
    """Return the SDK's own part of observing a call, by hand: nothing is made, looked up or converted."""
    tracer = TracerProvider().get_tracer("floor")
    histogram = meters().get_meter("floor").create_histogram("floor", "s")
    measured, described = (MEASURED, ATTRIBUTES) if attributes else (None, None)

    def observe(_event: Event) -> None:
        histogram.record(0.02, measured)
        tracer.start_span("POST", kind=SpanKind.CLIENT, attributes=described, start_time=1, record_exception=False).end(
            2
        )

    return observe


def told(observer: Observer) -> Callable[[], None]:
    """Return what reports one call as the session does, and makes its event."""
    clock, emit = SystemClock(), None if observer is None else safe_observer(observer)
    started = clock.monotonic()

    def tell() -> None:
        if emit is None:
            return
        emit(
            RequestFinished(
                at=clock.now(),
                open_id="user",
                endpoint=SPEC.path,
                method=SPEC.method,
                status=200,
                duration=timedelta(seconds=clock.monotonic() - started),
                attempts=1,
                waited=timedelta(seconds=0.0),
                log_id=LOG_ID,
            )
        )

    return tell


def microseconds(work: Callable[[], None], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1e6


def telling(*, quick: bool) -> Iterator[Row]:
    rounds, times = (3, 500) if quick else (9, 5_000)
    variants = {name: told(observer) for name, observer in observers().items()}
    taken = in_turns({name: partial(microseconds, work, times) for name, work in variants.items()}, rounds)
    for name, figures in taken.items():
        yield alone("", f"telling {name}", "us", figures)
    yield beside("", f"telling {ALL}", "us", taken[ALL], SAME, taken[SAME])


async def opened(stack: AsyncExitStack, url: str, trust: ssl.SSLContext | None, observer: Observer) -> Once:
    store = await logged_in("video.list")
    connector = aiohttp.TCPConnector(ssl=trust if trust is not None else True)
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    session = TikTokSession(
        client_key="bench",
        client_secret="bench-secret",
        store=store,
        limiter="none://",
        base_url=url,
        http=http,
        observer=observer,
    )
    await stack.enter_async_context(session)
    account = session.account("user")

    async def call() -> object:
        return await account.videos().collect()

    return call


def compare(
    what: str, *, tls: bool = False, latency: float = 0, in_flight: int = 1, rounds: int, times: int
) -> Iterator[Row]:
    """Call in turns with each observer and without; the time that counts is CPU unless answers take their time."""
    unit, column = ("us", 1) if latency else ("us CPU", 0)
    with ExitStack() as stack, asyncio.Runner() as runner:
        trust = pair = None
        if tls:
            pair = certificate(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            trust = ssl.create_default_context(cafile=pair[0])
        url = stack.enter_context(serving(tls=pair, latency=latency))
        calls = AsyncExitStack()
        variants = {name: runner.run(opened(calls, url, trust, observer)) for name, observer in observers().items()}
        for call in variants.values():
            runner.run(timed(call, in_flight, 1 if latency else 100))

        def once(call: Once) -> float:
            return runner.run(timed(call, in_flight, times))[column]

        taken = in_turns({name: partial(once, call) for name, call in variants.items()}, rounds)
        runner.run(calls.aclose())
    nobody = min(microseconds(told(None), 10_000) for _ in range(3)) / statistics.median(taken[OFF])
    yield alone("observers", f"{what}, observed by {OFF}", "%", [nobody * 100], at_most=0.5)
    for name in list(variants)[1:]:
        bar = None if name in {AGAIN, LEAST, SAME} else 1.05
        yield beside(
            "" if bar is None else "observers", f"{what}, {name}", unit, taken[name], OFF, taken[OFF], at_most=bar
        )


def http(*, quick: bool) -> Iterator[Row]:
    rounds = 3 if quick else 40
    yield from compare("a call over HTTP", rounds=rounds, times=100)
    yield from compare("one of 32 calls over HTTP", in_flight=32, rounds=rounds, times=200)


def tls(*, quick: bool) -> Iterator[Row]:
    rounds = 3 if quick else 40
    yield from compare("a call over TLS", tls=True, rounds=rounds, times=100)
    yield from compare("one of 32 calls over TLS", tls=True, in_flight=32, rounds=rounds, times=200)


def waiting(*, quick: bool) -> Iterator[Row]:
    what = "a call over TLS answered after 50 ms, its time"
    yield from compare(what, tls=True, latency=0.05, rounds=2 if quick else 9, times=8)


if __name__ == "__main__":
    main(__doc__, {"telling": telling, "http": http, "tls": tls, "waiting": waiting})
