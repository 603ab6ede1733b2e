"""Webhooks to the app."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import aiohttp
import pytest
from aiohttp import web

from tests.emulator.conftest import Raw, until
from tiktok_async import UnknownEvent, VideoPublishCompleted, WebhookEvent, WebhookName, WebhookReceiver
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.models import Endpoint

# A known body and its signature: 145 bytes without a newline.
BODY = (
    b'{"client_key":"emu_client_key","event":"authorization.removed","create_time":1700000000,'
    b'"user_openid":"emu-open-id-1","content":"{\\"reason\\":1}"}'
)
SIGNATURE = "5540ea57ee7a80777fc00debd7927ba1d85162bd298ab39fe48077b1790846a5"


class App:
    """A webhook endpoint of an app; it answers with the listed statuses."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.received: list[tuple[bytes, str]] = []
        self.url = ""

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.received.append((await request.read(), request.headers["TikTok-Signature"]))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.received]


def waits_after(emulator: Emulator, times: int) -> bool:
    """Return whether the first event was sent *times* times and now waits for its next attempt."""
    return len(emulator.webhooks[0].attempts) == times and bool(emulator.clock.timers)


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App()
    runner = web.ServerRunner(web.Server(app, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    yield app
    await runner.cleanup()


def test_the_signature_is_the_documented_one() -> None:
    assert len(BODY) == 145
    sender = Emulator(client_secret="emu_client_secret_0001").state.webhooks
    assert sender.sign(BODY, datetime.fromtimestamp(1700000000, UTC)) == f"t=1700000000,s={SIGNATURE}"


async def test_an_event_arrives_signed_with_its_content_as_a_string(app: App) -> None:
    async with Emulator(webhook_url=app.url) as emulator:
        user = emulator.add_user()
        emulator.send_webhook("video.publish.completed", {"share_id": "video.1.x"}, user)
        await emulator.webhooks_sent()
        ((body, signature),) = app.received
        stamp = signature.partition(",")[0].removeprefix("t=")
        assert signature == emulator.state.webhooks.sign(body, datetime.fromtimestamp(int(stamp), UTC))
        (event,) = app.events
        assert list(event) == ["client_key", "event", "create_time", "user_openid", "content"]
        assert event["user_openid"] == user.open_id
        assert json.loads(event["content"]) == {"share_id": "video.1.x"}
        assert emulator.webhooks[0].delivered


@pytest.mark.parametrize(("by", "reason"), [("user", 1), ("developer", 5)])
async def test_the_end_of_a_grant_is_sent_with_its_reason(app: App, serve: Any, by: str, reason: int) -> None:
    async with Emulator(webhook_url=app.url) as emulator:
        user = emulator.add_user()
        token = emulator.grant(user)["access_token"]
        if by == "user":
            emulator.revoke(user)
            emulator.revoke(user)
        else:
            await serve(emulator).form(Endpoint.REVOKE, token=token)
        await emulator.webhooks_sent()
        (event,) = app.events
        assert event["event"] == "authorization.removed"
        assert json.loads(event["content"]) == {"reason": reason}


@pytest.mark.parametrize("signed_anew", [True, False])
async def test_an_event_is_sent_again_until_it_is_accepted(app: App, *, signed_anew: bool) -> None:
    app.statuses = [500, 302, 200]
    async with Emulator(webhook_url=app.url, quirks=Quirks(webhooks_signed_anew=signed_anew)) as emulator:
        emulator.send_webhook("authorization.removed", {"reason": 1})
        for tries in (1, 2):
            await until(partial(waits_after, emulator, tries))
            emulator.clock.advance(timedelta(minutes=5))
        await emulator.webhooks_sent()
        assert [status for _, status in emulator.webhooks[0].attempts] == [500, 302, 200]
        assert len({signature for _, signature in app.received}) == (3 if signed_anew else 1)
        assert len({body for body, _ in app.received}) == 1


async def test_an_event_is_given_up_after_72_hours(app: App) -> None:
    app.statuses = [500] * 10
    async with Emulator(webhook_url=app.url) as emulator:
        (delivery,) = emulator.send_webhook("authorization.removed", {"reason": 1})
        await until(lambda: waits_after(emulator, 1))
        emulator.clock.advance(timedelta(hours=72))
        await emulator.webhooks_sent()
        assert delivery.given_up
        assert not delivery.delivered
        assert len(delivery.attempts) == 2


async def test_events_can_be_duplicated_and_reordered_on_demand(app: App) -> None:
    async with Emulator(webhook_url=app.url) as emulator:
        emulator.send_webhook("first", {}, after=timedelta(hours=1))
        emulator.send_webhook("second", {}, copies=2)
        await until(lambda: len(app.received) == 2 and emulator.clock.timers)
        emulator.clock.advance(timedelta(hours=1))
        await emulator.webhooks_sent()
        assert [event["event"] for event in app.events] == ["second", "second", "first"]
        assert app.received[0][0] == app.received[1][0]


async def test_an_unreachable_app_is_a_failed_attempt(app: App) -> None:
    del app
    async with Emulator(webhook_url="http://127.0.0.1:1/") as emulator:
        emulator.send_webhook("authorization.removed", {"reason": 1})
        await until(lambda: emulator.webhooks[0].attempts)
        assert emulator.webhooks[0].attempts[0][1] == 0


async def test_without_a_url_events_are_only_recorded(raw: Raw) -> None:
    raw.emulator.revoke(raw.emulator.add_user())
    assert raw.emulator.webhooks == []
    user = raw.emulator.add_user()
    raw.emulator.grant(user)
    raw.emulator.revoke(user)
    assert [(one.event, one.attempts) for one in raw.emulator.webhooks] == [("authorization.removed", [])]


@pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "nonsense"])
async def test_nothing_is_sent_to_other_machines(raw: Raw, url: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        raw.emulator.webhook_url = url


async def test_closing_the_emulator_stops_the_sending(app: App, http: aiohttp.ClientSession) -> None:
    app.statuses = [500] * 10
    async with Emulator(webhook_url=app.url) as emulator:
        emulator.send_webhook("authorization.removed", {"reason": 1})
        await until(lambda: waits_after(emulator, 1))
    assert not emulator.clock.timers
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(emulator.url + "/_emulator/")
    await emulator.aclose()


@pytest.mark.parametrize("name", WebhookName)
def test_each_event_has_a_sample_that_the_sdk_reads_as_its_class(name: str) -> None:
    emulator = Emulator()
    sent = emulator.signed_webhook(name)
    receiver = WebhookReceiver(emulator.client_key, emulator.client_secret, clock=emulator.clock)
    event = receiver.parse(sent.body, sent.headers["TikTok-Signature"])
    assert type(event) not in {UnknownEvent, WebhookEvent}
    assert event.name == name
    assert event.open_id is None
    assert ("user_openid" in event.raw) is name.startswith("minis."), "TikTok's samples have it, empty"


def test_an_unknown_event_has_an_empty_sample() -> None:
    assert json.loads(Emulator().signed_webhook("event.of.tomorrow").body)["content"] == "{}"


@pytest.mark.parametrize("key", ["share_id", "publish_id"])
def test_a_video_event_names_a_share_or_a_publish(key: Literal["share_id", "publish_id"]) -> None:
    emulator = Emulator(quirks=Quirks(video_event_id=key))
    sent = emulator.signed_webhook("video.publish.completed")
    receiver = WebhookReceiver(emulator.client_key, emulator.client_secret, clock=emulator.clock)
    event = receiver.parse(sent.body, sent.headers["TikTok-Signature"])
    assert isinstance(event, VideoPublishCompleted)
    assert (event.share_id is not None, event.publish_id is not None) == (key == "share_id", key == "publish_id")
