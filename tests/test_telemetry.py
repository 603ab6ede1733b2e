"""Observers: what a dashboard shows, and that no secret is ever on it."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import attrs
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tiktok_async import (
    Endpoint,
    Event,
    InvalidParams,
    Limit,
    PrivacyLevel,
    RateLimitWaited,
    ReauthorizationRequired,
    RequestFinished,
    Retrying,
    StoreUnsafe,
    TikTokError,
    VideoPost,
)
from tiktok_async.emulator import Emulator
from tiktok_async.stores import MemoryTokenStore
from tiktok_async.telemetry import LoggingObserver, OpenTelemetryObserver
from tiktok_async.testing import VirtualClock


class Telemetry:
    """A tracer and a meter in memory, and their observer."""

    def __init__(self, base_url: str) -> None:
        self._spans = InMemorySpanExporter()
        self._metrics = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        meters = MeterProvider([self._metrics])
        self.observer = OpenTelemetryObserver(base_url=base_url, tracer_provider=self.tracers, meter_provider=meters)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        return [span for span in self._spans.get_finished_spans() if name in span.name]

    def metrics(self) -> dict[str, list[Any]]:
        data: Any = self._metrics.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def everything(self) -> str:
        return "".join(span.to_json() for span in self.spans()) + repr(self.metrics())


@pytest.fixture
def telemetry(emulator: Emulator) -> Telemetry:
    return Telemetry(emulator.url)


async def hurry(emulator: Emulator, work: Any) -> Any:
    """Advance the emulator's time until *work* is done."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.sleep(0.001)
        emulator.clock.advance(timedelta(seconds=1))
    return await task


async def test_a_call_is_one_span_under_the_callers_with_the_conventions_attributes(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    user = emulator.add_user()
    async with emulator.session(observer=telemetry.observer) as session:
        account = await emulator.connect(session, user)
        with telemetry.tracers.get_tracer("app").start_as_current_span("request"):
            await account.user_info()
    (span,) = telemetry.spans("GET /v2/user/info/")
    (parent,) = telemetry.spans("request")
    above = parent.get_span_context()
    assert span.parent is not None
    assert above is not None
    assert span.parent.span_id == above.span_id
    assert span.kind is SpanKind.CLIENT
    attributes = dict(span.attributes or {})
    assert attributes.pop("tiktok.log_id")
    assert attributes == {
        "http.request.method": "GET",
        "url.template": "/v2/user/info/",
        "url.full": f"{emulator.url}/v2/user/info/",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(emulator.url.rpartition(":")[2]),
        "tiktok.open_id": user.open_id,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0 <= span.end_time - span.start_time < 60e9


async def test_durations_are_counted_in_buckets_of_fractions_of_a_second(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    """The SDK's default bounds are for milliseconds: each call would be in the first bucket."""
    async with emulator.session(observer=telemetry.observer) as session:
        account = await emulator.connect(session, emulator.add_user())
        await account.user_info()
    bounds = telemetry.metrics()["tiktok.call.duration"][0].explicit_bounds
    assert bounds[0] < 0.01
    assert len([bound for bound in bounds if bound < 1]) >= 9


def test_a_span_names_the_server_the_port_and_the_whole_url_as_the_conventions_ask() -> None:
    telemetry = Telemetry("https://open.tiktokapis.com/")
    telemetry.observer(made(RequestFinished, endpoint="/v2/user/info/"))
    (span,) = telemetry.spans()
    attributes = dict(span.attributes or {})
    assert attributes["url.full"] == "https://open.tiktokapis.com/v2/user/info/"
    assert (attributes["server.address"], attributes["server.port"]) == ("open.tiktokapis.com", 443)


async def test_repetitions_and_waits_are_events_of_the_calls_span_and_counted(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    limits = {Endpoint.USER_INFO: Limit(1, timedelta(seconds=30))}
    async with emulator.session(observer=telemetry.observer, limits=limits) as session:
        account = await emulator.connect(session, emulator.add_user())
        await account.user_info()
        emulator.fail_next(Endpoint.USER_INFO, status=503, times=1)
        await hurry(emulator, account.user_info())
    _, span = telemetry.spans("/v2/user/info/")
    names = [event.name for event in span.events]
    assert names == ["rate_limit.wait", "retry", "rate_limit.wait"]
    retry = dict(span.events[1].attributes or {})
    assert retry["error.type"] == "ServerError"
    assert retry["tiktok.attempt"] == 1
    assert dict(span.attributes or {})["http.request.resend_count"] == 1
    metrics = telemetry.metrics()
    assert metrics["tiktok.call.retries"][0].value == 1
    assert metrics["tiktok.rate_limit.wait"][0].count == 2
    assert sum(point.count for point in metrics["tiktok.call.duration"]) == 3  # the login's is one of them


async def test_events_of_a_cancelled_call_are_not_counted_for_the_next_call(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    def observer(event: Event) -> None:
        telemetry.observer(event)
        if isinstance(event, Retrying):
            calling.cancel()

    async with emulator.session(observer=observer) as session:
        account = await emulator.connect(session, emulator.add_user())
        emulator.fail_next(Endpoint.USER_INFO, status=503, times=1)
        calling = asyncio.ensure_future(account.user_info())
        with pytest.raises(asyncio.CancelledError):
            await calling
        await account.user_info()
    (span,) = telemetry.spans("/v2/user/info/")
    assert not span.events


async def test_calls_at_the_same_time_keep_their_own_events(emulator: Emulator, telemetry: Telemetry) -> None:
    async with emulator.session(observer=telemetry.observer) as session:
        account = await emulator.connect(session, emulator.add_user())
        emulator.fail_next(Endpoint.USER_INFO, status=503, times=3)
        await hurry(emulator, asyncio.gather(*(account.user_info() for _ in range(6))))
    events = sorted(len(span.events) for span in telemetry.spans("/v2/user/info/"))
    assert sum(events) == 3
    assert len(events) == 6
    attempts = [
        len(s.events) == dict(s.attributes or {}).get("http.request.resend_count", 0)
        for s in telemetry.spans("/v2/user/info/")
    ]
    assert all(attempts)


async def test_an_error_is_named_and_marked(emulator: Emulator, telemetry: Telemetry) -> None:
    async with emulator.session(observer=telemetry.observer) as session:
        account = await emulator.connect(session, emulator.add_user())
        with pytest.raises(InvalidParams):
            await account.user_info(["nonsense"])
    (span,) = telemetry.spans("/v2/user/info/")
    assert span.status.status_code is StatusCode.ERROR
    attributes = dict(span.attributes or {})
    assert attributes["error.type"] == "InvalidParams"
    assert attributes["tiktok.error.code"] == "invalid_params"
    assert attributes["http.response.status_code"] == 400


async def test_a_path_outside_the_table_has_no_template_of_its_own(emulator: Emulator, telemetry: Telemetry) -> None:
    async with emulator.session(observer=telemetry.observer) as session:
        account = await emulator.connect(session, emulator.add_user())
        for number in range(3):
            with pytest.raises(TikTokError):
                await session.request("GET", f"/v2/nowhere/{number}/", open_id=account.open_id)
    templates = {dict(span.attributes or {})["url.template"] for span in telemetry.spans("_OTHER")}
    assert templates == {"_OTHER"}
    assert len(telemetry.spans("_OTHER")) == 3


async def test_tokens_and_posts_are_metrics_and_an_upload_counts_its_bytes(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    user = emulator.add_user()
    async with emulator.session(observer=telemetry.observer) as session:
        account = await emulator.connect(session, user)
        await session.oauth.refresh(user.open_id)
        publish = await account.post_video(os.urandom(12_000_000), VideoPost(privacy_level=PrivacyLevel.SELF_ONLY))
        [_ async for _ in publish.upload()]
        await hurry(emulator, publish.wait())
        emulator.revoke(user)
        with pytest.raises(ReauthorizationRequired):
            await session.oauth.refresh(user.open_id)
    metrics = telemetry.metrics()
    assert metrics["tiktok.token.refresh.duration"][0].count == 1
    assert metrics["tiktok.upload.bytes"][0].value == 12_000_000
    assert metrics["tiktok.reauthorizations"][0].value == 1
    assert metrics["tiktok.publish.changes"]
    assert sum(int(str((s.attributes or {})["tiktok.bytes"])) for s in telemetry.spans("upload chunk")) == 12_000_000


async def test_no_secret_is_in_any_span_metric_or_log_record(
    emulator: Emulator, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """Every event happens once, and all output is searched for all secrets."""
    caplog.set_level(logging.DEBUG)
    logs, secrets = LoggingObserver(), {emulator.client_secret}

    def observe(event: Event) -> None:
        logs(event)
        telemetry.observer(event)

    store = MemoryTokenStore()
    user = emulator.add_user(videos=3)
    async with emulator.session(observer=observe, store=store) as session:

        async def learn() -> None:
            token = await session.account(user.open_id).token()
            secrets.update({token.access_token.reveal(), token.refresh_token.reveal()})

        account = await emulator.connect(session, user)
        await learn()
        publish = await account.post_video(b"x" * 10_000, VideoPost(privacy_level=PrivacyLevel.SELF_ONLY))
        secrets.update(part for part in publish.to_json().split('"') if "upload" in part and "://" in part)
        emulator.fail_next("upload", status=503, times=1)
        [_ async for _ in await hurry(emulator, collect(publish.upload()))]
        await account.videos().collect()
        emulator.fail_next(Endpoint.USER_INFO, drop="before", times=1)
        await hurry(emulator, account.user_info())
        await session.oauth.refresh(user.open_id)
        await learn()
        for arguments in ({"status": 500, "times": 50}, {"status": 400, "code": "invalid_grant", "times": 1}):
            emulator.fail_next(Endpoint.TOKEN, **arguments)
            emulator.clock.advance(timedelta(hours=3))
            with pytest.raises(TikTokError):
                await hurry(emulator, session.oauth.refresh(user.open_id))
    assert len(secrets) >= 6
    output = telemetry.everything() + "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "/v2/oauth/token/" in output
    assert "ChunkUploaded" in output
    for secret in secrets:
        assert secret not in output


async def collect(items: Any) -> Any:
    found = [item async for item in items]

    async def again() -> AsyncIterator[Any]:
        for item in found:
            yield item

    return again()


async def test_log_records_name_the_event_and_carry_its_fields(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tiktok_async")
    async with emulator.session(observer=LoggingObserver()) as session:
        account = await emulator.connect(session, emulator.add_user())
        caplog.clear()
        await account.user_info()
        with pytest.raises(InvalidParams):
            await account.user_info(["nonsense"])
        await session.oauth.refresh(account.open_id)
    good, bad, refresh, rotated = [vars(r) for r in caplog.records if r.name != "tiktok_async.send"]
    assert (good["name"], good["levelname"], good["event"]) == ("tiktok_async.request", "DEBUG", "RequestFinished")
    assert good["endpoint"] == "/v2/user/info/"
    assert good["status"] == 200
    assert isinstance(good["duration"], float)
    assert good["log_id"]
    assert bad["levelname"] == "WARNING"
    assert bad["error"] == "InvalidParams"
    assert refresh["endpoint"] == "/v2/oauth/token/"
    assert (rotated["name"], rotated["event"]) == ("tiktok_async.tokens", "TokenRefreshed")
    assert rotated["version"] > 1
    assert caplog.records[0].getMessage().startswith("RequestFinished at=")


def test_every_event_can_be_logged_and_measured(caplog: pytest.LogCaptureFixture) -> None:
    """A field's name must not be one of a log record's own, which logging refuses."""
    caplog.set_level(logging.DEBUG, "tiktok_async")
    logs = LoggingObserver(level=logging.INFO)
    kinds = [kind for kind in Event.__subclasses__() if kind.__module__.startswith("tiktok_async.")]
    for kind in kinds:
        logs(made(kind))
    assert len(caplog.records) == len(kinds)
    assert min(record.levelno for record in caplog.records) == logging.INFO


def made(kind: type[Event], **given: Any) -> Event:
    """Return an event of *kind* with a value in every field."""
    now = VirtualClock().now()
    values: dict[Any, Any] = {"datetime": now, "timedelta": timedelta(seconds=1), "int": 1, "bool": True}
    fields = {f.name: values.get(getattr(f.type, "__name__", ""), "word") for f in attrs.fields(kind)}
    return kind(**fields | given)


async def test_without_the_sdk_nothing_happens_and_nothing_breaks(emulator: Emulator) -> None:
    observer = OpenTelemetryObserver()
    observer(StoreUnsafe(at=emulator.clock.now(), setting="appendonly no", advice="turn it on"))
    async with emulator.session(observer=observer) as session:
        account = await emulator.connect(session, emulator.add_user())
        assert (await account.user_info()).display_name


async def test_an_event_outside_a_call_is_counted_too(emulator: Emulator) -> None:
    telemetry = Telemetry("https://open.tiktokapis.com")
    at = emulator.clock.now()
    second = timedelta(seconds=1)
    telemetry.observer(RateLimitWaited(at=at, endpoint="/v2/user/info/", wait=second))
    telemetry.observer(
        RequestFinished(
            at=at, endpoint="/v2/user/info/", method="GET", status=None, duration=second, attempts=1, waited=second
        )
    )
    (span,) = telemetry.spans()
    assert "http.response.status_code" not in dict(span.attributes or {})
