"""The request path: which calls are retried, what happens after a 401 or a 429, and which events are emitted."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import orjson
import pytest

from tiktok_async import (
    AccessTokenInvalid,
    AccountKey,
    ConfigurationError,
    Endpoint,
    Event,
    InvalidParams,
    Limit,
    LocalRateLimiter,
    PostingRefused,
    QuotaExhausted,
    RateLimited,
    RateLimitWaited,
    RateLimitWaitExceeded,
    RequestFinished,
    Retrying,
    RetryPolicy,
    ScopeNotAuthorized,
    ScopeNotGranted,
    Secret,
    ServerError,
    SessionClosed,
    TikTokError,
    Token,
    TransportError,
)
from tiktok_async._calls.sender import Sender
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async.models._http import RawResponse, Request
from tiktok_async.testing import VirtualClock

LOG_ID = "20261120101010AAAABBBBCCCCDDDD0001"
Reply = RawResponse | TikTokError | Callable[[Request], RawResponse]


def reply(
    code: str = "ok", *, status: int = 200, data: Any = None, headers: dict[str, str] | None = None
) -> RawResponse:
    body = {"data": data or {}, "error": {"code": code, "message": "", "log_id": LOG_ID}}
    return RawResponse(status=status, headers=headers or {}, body=orjson.dumps(body))


BAD_GATEWAY = RawResponse(status=502, headers={}, body=b"<html>bad</html>")
LOST = TransportError("no answer in time", sent=True, endpoint="/x/")
UNSENT = TransportError("no connection", sent=False, endpoint="/x/")


class ScriptedTransport:
    """Answers with the listed replies, then with `ok`."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.sent: list[Request] = []

    async def send(self, request: Request) -> RawResponse:
        self.sent.append(request)
        await asyncio.sleep(0)
        answer = self.replies.pop(0) if self.replies else reply()
        if isinstance(answer, TikTokError):
            raise answer
        return answer(request) if callable(answer) else answer

    async def aclose(self) -> None:
        """Nothing to close."""


class FakeCredential:
    """An account whose token is replaced once when TikTok refuses it."""

    open_id = "user-1"

    def __init__(
        self, *, scopes: frozenset[str] = frozenset({"video.list", "video.publish"}), refreshable: bool = True
    ) -> None:
        now = datetime(2026, 11, 20, tzinfo=UTC)
        self.refreshable = refreshable
        self.token = Token(
            key=AccountKey("key", "user-1"),
            access_token=Secret("act.first"),
            refresh_token=Secret("rft.first"),
            scopes=scopes,
            expires_at=now + timedelta(hours=2),
            refresh_expires_at=now + timedelta(days=180),
            updated_at=now,
        )

    def usable(self) -> Token | None:
        return self.token

    async def obtain(self) -> Token:
        return self.token

    async def rejected(self, _: object) -> Token:
        if self.refreshable:
            self.token = attrs.evolve(self.token, access_token=Secret("act.second"))
        return self.token


class Harness:
    """A sender with a scripted transport, a virtual clock and a list of events."""

    def __init__(
        self,
        *replies: Reply,
        limit: Limit | None = None,
        max_wait: timedelta | None = None,
        retry: RetryPolicy | None = None,
        credential: FakeCredential | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.transport = ScriptedTransport(*replies)
        self.credential = credential or FakeCredential()
        self.events: list[Event] = []
        self.lifecycle = Lifecycle()

        self.sender = Sender(
            self.lifecycle,
            self.transport,
            LocalRateLimiter(clock=self.clock),
            limit_for=lambda _spec, _open_id: limit,
            client_key="key",
            base_url="https://open.example/prefix",
            retry=retry or RetryPolicy(),
            max_rate_limit_wait=max_wait,
            clock=self.clock,
            emit=self.events.append,
        )

    async def call(self, endpoint: Endpoint = Endpoint.VIDEO_LIST, **options: Any) -> Any:
        return await self.clock.run(self.sender.call(endpoint, credential=self.credential, **options))

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


FAULTS = [
    LOST,
    UNSENT,
    reply("internal_error", status=500),
    RawResponse(status=502, headers={}, body=b"<html>bad</html>"),
]


async def test_a_call_carries_its_token_its_fields_and_its_body() -> None:
    harness = Harness()
    response = await harness.call(fields="id,title", json={"max_count": 5})
    (sent,) = harness.transport.sent
    assert str(sent.url) == "https://open.example/prefix/v2/video/list/?fields=id,title"
    assert sent.headers["Authorization"] == "Bearer act.first"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.body == b'{"max_count":5}'
    assert (response.status, response.log_id) == (200, LOG_ID)


@pytest.mark.parametrize("failure", FAULTS)
async def test_a_read_is_retried_after_a_temporary_fault(failure: Reply) -> None:
    harness = Harness(failure, failure)
    assert (await harness.call()).status == 200
    assert len(harness.transport.sent) == 3
    assert [event.attempt for event in harness.of(Retrying)] == [1, 2]
    (finished,) = harness.of(RequestFinished)
    assert (finished.attempts, finished.error, finished.status) == (3, None, 200)


@pytest.mark.parametrize("failure", FAULTS)
async def test_a_read_raises_the_last_error_after_its_attempts(failure: Reply) -> None:
    harness = Harness(*[failure] * 10, retry=RetryPolicy(attempts=3))
    with pytest.raises((TransportError, ServerError)):
        await harness.call()
    assert len(harness.transport.sent) == 3
    assert harness.of(RequestFinished)[0].error in {"TransportError", "ServerError"}


@pytest.mark.parametrize("failure", [LOST, reply("internal_error", status=500), BAD_GATEWAY])
async def test_an_init_that_may_have_arrived_is_sent_once(failure: Reply) -> None:
    harness = Harness(failure)
    with pytest.raises((TransportError, ServerError)):
        await harness.call(Endpoint.VIDEO_INIT, json={})
    assert len(harness.transport.sent) == 1


async def test_an_init_that_did_not_arrive_is_sent_again() -> None:
    harness = Harness(UNSENT)
    await harness.call(Endpoint.VIDEO_INIT, json={})
    assert len(harness.transport.sent) == 2


async def test_an_init_uses_a_new_connection_and_a_read_does_not() -> None:
    harness = Harness()
    await harness.call(Endpoint.VIDEO_INIT, json={})
    await harness.call(Endpoint.VIDEO_LIST, json={})
    assert [request.fresh for request in harness.transport.sent] == [True, False]


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("invalid_params", 400, InvalidParams),
        ("invalid_param", 400, InvalidParams),
        ("spam_risk_too_many_posts", 200, PostingRefused),
        ("scope_not_authorized", 401, ScopeNotAuthorized),
    ],
)
async def test_a_refusal_is_not_retried(code: str, status: int, error: type[TikTokError]) -> None:
    harness = Harness(reply(code, status=status))
    with pytest.raises(error):
        await harness.call()
    assert len(harness.transport.sent) == 1


async def test_a_missing_scope_is_named() -> None:
    credential = FakeCredential(scopes=frozenset({"user.info.basic"}))
    harness = Harness(credential=credential)
    with pytest.raises(ScopeNotGranted) as caught:
        await harness.call()
    assert caught.value.missing == {"video.list"}
    assert harness.transport.sent == []


@pytest.mark.parametrize("endpoint", [Endpoint.VIDEO_LIST, Endpoint.VIDEO_INIT])
async def test_a_refused_token_is_replaced_once_and_the_call_is_sent_again(endpoint: Endpoint) -> None:
    harness = Harness(reply("access_token_invalid", status=401))
    await harness.call(endpoint, json={})
    assert [request.headers["Authorization"] for request in harness.transport.sent] == [
        "Bearer act.first",
        "Bearer act.second",
    ]
    assert harness.of(Retrying) == []


async def test_a_token_refused_twice_is_an_error_and_not_a_loop() -> None:
    refused = reply("access_token_invalid", status=401)
    harness = Harness(refused, refused, refused, refused)
    with pytest.raises(AccessTokenInvalid):
        await harness.call()
    assert len(harness.transport.sent) == 2


async def test_without_a_new_token_the_refusal_is_raised() -> None:
    harness = Harness(reply("access_token_invalid", status=401), credential=FakeCredential(refreshable=False))
    with pytest.raises(AccessTokenInvalid):
        await harness.call()
    assert len(harness.transport.sent) == 1


async def test_a_429_closes_the_window_and_the_call_is_sent_again_after_it() -> None:
    harness = Harness(reply("rate_limit_exceeded", status=429), limit=Limit(600, timedelta(minutes=1)))
    await harness.call()
    assert len(harness.transport.sent) == 2
    assert harness.clock.monotonic() >= 60


async def test_a_429_closes_the_window_for_every_call_that_shares_it() -> None:
    harness = Harness(reply("rate_limit_exceeded", status=429), limit=Limit(600, timedelta(minutes=1)))
    first = asyncio.ensure_future(harness.sender.call(Endpoint.VIDEO_LIST, credential=harness.credential))
    await harness.clock.settle()
    second = asyncio.ensure_future(harness.sender.call(Endpoint.VIDEO_LIST, credential=harness.credential))
    await harness.clock.advance(30)
    assert not second.done()
    await harness.clock.run(asyncio.gather(first, second))
    assert harness.clock.monotonic() >= 60


async def test_a_429_is_an_error_if_the_wait_is_longer_than_allowed() -> None:
    harness = Harness(
        reply("rate_limit_exceeded", status=429),
        limit=Limit(600, timedelta(minutes=1)),
        max_wait=timedelta(seconds=5),
    )
    with pytest.raises(RateLimited) as caught:
        await harness.call()
    assert caught.value.retry_after == timedelta(minutes=1)
    assert harness.clock.monotonic() < 5


async def test_an_exhausted_quota_is_raised_at_once_with_its_reset_time() -> None:
    harness = Harness(reply("daily_quota_limit_exceeded", status=429))
    with pytest.raises(QuotaExhausted) as caught:
        await harness.call()
    assert caught.value.resets_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert len(harness.transport.sent) == 1


async def test_a_wait_for_the_limit_is_an_event() -> None:
    harness = Harness(limit=Limit(1, timedelta(seconds=10)))
    await harness.call()
    await harness.call()
    (waited,) = harness.of(RateLimitWaited)
    assert waited.wait >= timedelta(seconds=10)
    assert harness.of(RequestFinished)[1].waited == waited.wait


async def test_a_wait_longer_than_allowed_sends_nothing() -> None:
    harness = Harness(limit=Limit(1, timedelta(seconds=10)), max_wait=timedelta(seconds=1))
    await harness.call()
    with pytest.raises(RateLimitWaitExceeded):
        await harness.call()
    assert len(harness.transport.sent) == 1


async def test_a_request_that_was_not_sent_gives_its_permit_back() -> None:
    harness = Harness(UNSENT, limit=Limit(1, timedelta(seconds=10)), retry=RetryPolicy(attempts=1))
    with pytest.raises(TransportError):
        await harness.call()
    await harness.call()
    assert harness.clock.monotonic() == 0


@pytest.mark.parametrize("turns", range(6))
async def test_a_call_cancelled_anywhere_leaks_no_permit(turns: int) -> None:
    harness = Harness(limit=Limit(1, timedelta(seconds=10)))
    calling = asyncio.ensure_future(harness.sender.call(Endpoint.VIDEO_LIST, credential=harness.credential))
    for _ in range(turns):
        await asyncio.sleep(0)
    calling.cancel()
    await asyncio.wait({calling})
    await harness.clock.advance(10)
    await asyncio.wait_for(harness.sender.call(Endpoint.VIDEO_LIST, credential=harness.credential), 50)


async def test_retries_do_not_multiply_the_calls_of_an_outage() -> None:
    harness = Harness(*[reply("internal_error", status=500)] * 2_000)
    for _ in range(300):
        with pytest.raises(ServerError):
            await harness.call()
    assert len(harness.transport.sent) < 300 + 60


async def test_a_closed_session_refuses_calls() -> None:
    harness = Harness()
    harness.lifecycle.draining = True
    with pytest.raises(SessionClosed):
        await harness.call()


async def test_an_error_that_is_not_in_tiktoks_form_is_a_tiktok_error() -> None:
    harness = Harness(RawResponse(status=404, headers={}, body=b"not here"))
    with pytest.raises(TikTokError) as caught:
        await harness.call()
    assert not isinstance(caught.value, ConfigurationError)
