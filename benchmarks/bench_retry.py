"""What being ready to retry costs a call that succeeds, beside the usual decorators.

    python -m benchmarks.bench_retry [--quick]

The call is the SDK's own over a transport that answers from memory; only what surrounds its first attempt differs.
CPU time beyond that of the bare attempt in the same round.
Goal: at most 1 us added, and at most 0.05 times what tenacity adds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import backon
import stamina
import tenacity
from yarl import URL

from benchmarks._rows import Row, alone, beside, in_turns, main
from tiktok_async import LocalRateLimiter, RetryPolicy
from tiktok_async._calls.call import Call
from tiktok_async._calls.rules.endpoints import ENDPOINTS
from tiktok_async._calls.sender import Sender
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async.errors import TransportError
from tiktok_async.models import Endpoint
from tiktok_async.models._http import RawResponse, Request, Response

SPEC = ENDPOINTS[Endpoint.VIDEO_LIST]
ANSWER = RawResponse(status=200, headers={}, body=b'{"data":{},"error":{"code":"ok","message":"","log_id":"1"}}')
Once = Callable[[], Awaitable[object]]


class Memory:
    """A transport without a network."""

    async def send(self, request: Request) -> RawResponse:
        del request
        return ANSWER

    async def aclose(self) -> None:
        """Close nothing."""


def variants() -> dict[str, Once]:
    url, clock = URL("http://127.0.0.1/"), SystemClock()
    sender = Sender(
        Lifecycle(),
        Memory(),
        LocalRateLimiter(),
        limit_for=lambda _spec, _subject: None,
        client_key="bench",
        base_url=str(url),
        retry=RetryPolicy(),
        max_rate_limit_wait=None,
        clock=clock,
        emit=None,
    )

    def call() -> Call:
        return Call(SPEC, url, {"Content-Type": SPEC.content_type}, b"{}", None, started=clock.monotonic())

    async def attempt() -> Response:
        return await sender._run(call(), again=True)  # noqa: SLF001 - what is measured has no public name

    async def ours() -> Response:
        return await sender._run(call())  # noqa: SLF001 - as above

    async def by_hand() -> Response:
        for left in (2, 1, 0):
            try:
                return await attempt()
            except TransportError:
                if not left:
                    raise
        raise AssertionError

    again = tenacity.retry_if_exception_type(TransportError)
    wait = tenacity.wait_random_exponential(max=30)
    return {
        "the bare attempt": attempt,
        "ours": ours,
        "a loop by hand": by_hand,
        "tenacity @retry": tenacity.retry(retry=again, stop=tenacity.stop_after_attempt(3), wait=wait)(attempt),
        "stamina @retry": stamina.retry(on=TransportError, attempts=3)(attempt),
        "backon @on_exception": backon.on_exception(backon.expo, TransportError, max_tries=3)(attempt),
    }


def timed(runner: asyncio.Runner, once: Once, calls: int) -> Callable[[], float]:
    async def work() -> float:
        for _ in range(100):
            await once()
        began = time.process_time()
        for _ in range(calls):
            await once()
        return (time.process_time() - began) / calls * 1e6

    return lambda: runner.run(work())


def success(*, quick: bool) -> list[Row]:
    rounds, calls = (3, 500) if quick else (31, 3_000)
    with asyncio.Runner() as runner:  # the sender belongs to one loop
        taken = in_turns({name: timed(runner, once, calls) for name, once in variants().items()}, rounds)
    bare = taken.pop("the bare attempt")
    added = {name: [a - b for a, b in zip(figures, bare, strict=True)] for name, figures in taken.items()}
    what, unit = "added to a call that succeeds", "us CPU"
    usual = added["tenacity @retry"]
    others = [name for name in added if name not in {"ours", "tenacity @retry"}]
    return [
        alone("8", what, unit, added["ours"], at_most=1),
        beside("8", f"{what}, beside tenacity", unit, added["ours"], "tenacity", usual, at_most=0.05),
        *(beside("", what, unit, added["ours"], name, added[name]) for name in others),
    ]


if __name__ == "__main__":
    main(__doc__, {"success": success})
