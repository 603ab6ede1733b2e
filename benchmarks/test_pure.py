"""The pure parts, one by one, under pytest-benchmark; they need no network and no event loop.

    pytest benchmarks/test_pure.py

Nothing is asserted of their speed: these are for whoever changes one of them, with `--benchmark-compare`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from benchmarks.bench_decode import BODY, RESPONSE, VideoPage
from tiktok_async import Limit, RetryPolicy, Secret, ServerError, plan_chunks
from tiktok_async._calls.rules.endpoints import ENDPOINTS
from tiktok_async._calls.rules.retry import retry_delay
from tiktok_async._decoding.converter import structure
from tiktok_async._decoding.envelope import decode_rest
from tiktok_async._limits.rules import open_window
from tiktok_async.api.oauth.rules.authorize import challenge_of, verifier_from
from tiktok_async.models import Endpoint
from tiktok_async.webhooks import parse_event, sign, verify

Benchmark = Callable[..., Any]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SECRET = Secret("secret")
DELIVERY = orjson.dumps(
    {
        "client_key": "app",
        "event": "post.publish.publicly_available",
        "create_time": int(NOW.timestamp()),
        "user_openid": "user",
        "content": '{"publish_id":"v_pub_file~1","publish_type":"DIRECT_PUBLISH","post_id":7080213458555737986}',
    }
)


def test_a_page_of_videos_is_decoded(benchmark: Benchmark) -> None:
    page = benchmark(lambda: structure(decode_rest(RESPONSE, endpoint="/v2/video/list/").data, VideoPage))
    assert len(page.videos) == 20


def test_the_same_page_is_parsed_by_orjson_alone(benchmark: Benchmark) -> None:
    assert len(benchmark(lambda: orjson.loads(BODY))["data"]["videos"]) == 20


def test_a_slot_is_taken_and_stamped(benchmark: Benchmark) -> None:
    window = open_window(Limit(600, timedelta(seconds=60)), 0.0)
    now = 0.0

    def call() -> bool:
        nonlocal now
        now += 0.2  # half of the rate: the oldest stamps leave while new ones come
        admitted = window.admit(now)
        window.mark_answered(now)
        return admitted

    assert benchmark(call)


@pytest.mark.parametrize("size", [5_000_000, 1_000_000_000, 4_000_000_000])
def test_chunks_are_planned(benchmark: Benchmark, size: int) -> None:
    assert benchmark(plan_chunks, size).size == size


def test_a_webhook_is_verified_and_read(benchmark: Benchmark) -> None:
    signature = sign(DELIVERY, int(NOW.timestamp()), SECRET)

    def receive() -> Any:  # noqa: ANN401 - one of many events
        at = verify(DELIVERY, signature, secrets=(SECRET,), now=NOW, tolerance=timedelta(minutes=5))
        return parse_event(DELIVERY, client_key="app", signed_at=at)

    assert benchmark(receive).post_id == "7080213458555737986"


def test_a_pkce_challenge_is_made(benchmark: Benchmark) -> None:
    assert len(benchmark(lambda: challenge_of(verifier_from(bytes(range(48)))))) == 64


def test_a_failure_is_judged(benchmark: Benchmark) -> None:
    spec, policy = ENDPOINTS[Endpoint.VIDEO_LIST], RetryPolicy()
    error = ServerError("internal_error", status=503, endpoint=spec.path)

    def judge() -> float | None:
        return retry_delay(spec, error, attempt=1, policy=policy, elapsed=0.1, jitter=0.5)

    assert benchmark(judge) is not None
