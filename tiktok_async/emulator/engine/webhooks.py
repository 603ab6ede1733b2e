"""Webhooks to the app: signed, repeated until they are accepted, duplicated or delayed on request.

Source: https://developers.tiktok.com/doc/webhooks-overview
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
import orjson
from attrs import define, field, frozen

from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.webhook_samples import SAMPLES, is_of_minis

# https://developers.tiktok.com/doc/webhooks-overview: exponential back-off, given up after 72 hours.
_GIVE_UP = timedelta(hours=72)
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 3600.0
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@define(slots=True, kw_only=True, eq=False)
class WebhookDelivery:
    """One event that is delivered to the app.

    Attributes:
        event: Its name.
        body: The bytes that are signed and sent.
        at: When it happened.
        attempts: The time of each attempt, and the HTTP status of the answer; 0 for no answer.
        delivered: Whether there was an answer with status 200.
        given_up: Whether there was none within 72 hours.
    """

    event: str
    body: bytes = field(repr=False)
    at: datetime
    attempts: list[tuple[datetime, int]] = field(factory=list[tuple[datetime, int]])
    delivered: bool = False
    given_up: bool = False


@frozen(slots=True)
class SignedWebhook:
    """One event, ready to be posted.

    Attributes:
        body: The bytes that were signed.
        headers: The headers to send with it.
    """

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class WebhookSender:
    """Sends events to one callback URL, in the background.

    Args:
        client_key: The app's key.
        client_secret: The key of the signature.
        clock: The clock of the repetitions; moving it ahead sends them.
        url: The callback URL; `None`: events are only kept in the log.
        signed_anew: Whether a repetition has a new time and signature.

    Attributes:
        deliveries: All events so far.
        video_event_id: The id in the samples of the `video.*` events.
        minis_user: Whether the events of mini games name their user.
    """

    def __init__(
        self, client_key: str, client_secret: str, clock: MovableClock, url: str | None, *, signed_anew: bool = True
    ) -> None:
        self._client_key = client_key
        self._client_secret = client_secret
        self._clock = clock
        self.signed_anew = signed_anew
        self.video_event_id: Literal["share_id", "publish_id"] = "share_id"
        self.minis_user: Literal["named", "empty"] = "named"
        self._url: str | None = None
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.deliveries: list[WebhookDelivery] = []
        self.url = url

    @property
    def url(self) -> str | None:
        """The callback URL. It must be on this machine; an emulator should not call other hosts."""
        return self._url

    @url.setter
    def url(self, url: str | None) -> None:
        if url is not None and urlsplit(url).hostname not in _LOOPBACK:
            msg = f"the emulator sends webhooks to this machine only (127.0.0.1, localhost), not to {url!r}"
            raise ValueError(msg)
        self._url = url

    def send(
        self,
        event: str,
        content: Mapping[str, Any] | str | None,
        open_id: str | None,
        *,
        copies: int = 1,
        after: timedelta = timedelta(0),
    ) -> list[WebhookDelivery]:
        """Send an event; needs a running event loop if there is a URL.

        Args:
            event: Its name.
            content: Its content; put into the envelope as a JSON string. A `str` is used unchanged; `None` is a
                sample for *event*.
            open_id: The user it is about; `None` leaves the key out, or sends it empty as TikTok's samples do.
            copies: How often it is delivered.
            after: How long it is delayed, so that later events arrive before it.
        """
        at = self._clock.now()
        body = self._body(event, content, open_id, at)
        sent = [WebhookDelivery(event=event, body=body, at=at) for _ in range(copies)]
        self.deliveries += sent
        if self._url is not None:
            for delivery in sent:
                task = asyncio.get_running_loop().create_task(self._deliver(self._url, delivery, after))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return sent

    def signed(self, event: str, content: Mapping[str, Any] | str | None, open_id: str | None) -> SignedWebhook:
        """Return a signed event without sending it; see `send`."""
        at = self._clock.now()
        body = self._body(event, content, open_id, at)
        return SignedWebhook(body, _headers(self.sign(body, at)))

    def sign(self, body: bytes, at: datetime) -> str:
        """Return the `TikTok-Signature` header for *body*.

        Source: https://developers.tiktok.com/doc/webhooks-verification
        """
        stamp = str(int(at.timestamp()))
        digest = hmac.new(self._client_secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
        return f"t={stamp},s={digest.hexdigest()}"

    async def drain(self) -> None:
        """Wait until every event was delivered or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        """Stop sending."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            http, self._http = self._http, None
            await http.close()

    def _body(self, event: str, content: Mapping[str, Any] | str | None, open_id: str | None, at: datetime) -> bytes:
        if content is None:
            content = SAMPLES.get(event, {})
            if event.startswith("video."):
                content = {self.video_event_id: content["share_id"]} if "share_id" in content else content
        if is_of_minis(event) and (open_id is None or self.minis_user == "empty"):
            open_id = ""
        text = content if isinstance(content, str) else orjson.dumps(content).decode()
        envelope: dict[str, Any] = {"client_key": self._client_key, "event": event, "create_time": int(at.timestamp())}
        if open_id is not None:
            envelope["user_openid"] = open_id
        return orjson.dumps({**envelope, "content": text})

    async def _deliver(self, url: str, delivery: WebhookDelivery, after: timedelta) -> None:
        await self._clock.sleep(after.total_seconds())
        signature = self.sign(delivery.body, self._clock.now())
        pause = _FIRST_PAUSE
        while True:
            status = await self._post(url, delivery.body, signature)
            delivery.attempts.append((self._clock.now(), status))
            if status == HTTPStatus.OK:
                delivery.delivered = True
                return
            if self._clock.now() + timedelta(seconds=pause) > delivery.at + _GIVE_UP:
                delivery.given_up = True
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if self.signed_anew:
                signature = self.sign(delivery.body, self._clock.now())

    async def _post(self, url: str, body: bytes, signature: str) -> int:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            async with self._http.post(url, data=body, headers=_headers(signature), allow_redirects=False) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0


def _headers(signature: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "TikTok-Signature": signature}
