"""Receiving webhooks: `session.webhooks`.

Source: https://developers.tiktok.com/doc/webhooks-overview
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from tiktok_async._calls.rules.settings import check_key, check_secret
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import Clock, NoteStore
from tiktok_async.api.posting.posted import PostedIds
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import (
    AccountNotFound,
    ConfigurationError,
    EventInProgress,
    ReauthorizationRequired,
    StoreError,
)
from tiktok_async.models import (
    AccountKey,
    AuthorizationRemoved,
    PostEvent,
    PostPubliclyAvailable,
    Secret,
    Token,
    WebhookEvent,
)
from tiktok_async.webhooks import header_text, parse_event, sign, verify

__all__ = ["WebhookReceiver"]

_TOLERANCE = timedelta(minutes=5)
# TikTok repeats a delivery for 72 hours. https://developers.tiktok.com/doc/webhooks-overview
_REMEMBERED = timedelta(hours=96)
_CLAIMED = timedelta(minutes=1)
# The greatest difference between TikTok's clock and this machine's.
_SKEW = timedelta(minutes=1)
_STARTED, _DONE = b"started", b"done"

Then = Callable[[WebhookEvent], Awaitable[None]]


class WebhookReceiver:
    """Accepts only deliveries signed by TikTok, and acts on each event once.

    `session.webhooks` is one. One made without a session verifies and signs as well, but has no tokens to act on.

    Args:
        client_key: The app.
        client_secret: Its secret.
        more_secrets: Further accepted secrets, while the app's secret is being replaced.
        notes: Remembers which events were handled, for all processes that share the store. `None` remembers nothing.
        runtime: The session it acts on, if it belongs to one.
        clock: The time; for tests.

    Example:
        >>> receiver = WebhookReceiver("key", "secret")
        >>> body = b'{"client_key":"key","event":"authorization.removed","content":"{}"}'
        >>> receiver.parse(body, receiver.sign(body)).name
        'authorization.removed'
    """

    def __init__(
        self,
        client_key: str,
        client_secret: str | Secret,
        *,
        more_secrets: Iterable[str | Secret] = (),
        notes: NoteStore | None = None,
        runtime: Runtime | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not client_key or not client_secret:
            raise ConfigurationError("A WebhookReceiver needs the app's client_key and client_secret.")
        self._client_key = client_key
        given = (client_secret, *more_secrets)
        self._secrets = tuple(secret if isinstance(secret, Secret) else Secret(secret) for secret in given)
        check_key("client_key", client_key)
        for secret in self._secrets:
            check_secret("A webhook secret", secret)
        self._notes = notes
        self._runtime = runtime
        self._clock = clock or SystemClock()

    def __repr__(self) -> str:
        return f"WebhookReceiver(client_key={self._client_key!r})"

    def parse(self, body: bytes, signature: str | bytes | None, *, tolerance: timedelta = _TOLERANCE) -> WebhookEvent:
        """Return the event of a delivery, if it is from TikTok. No I/O happens.

        Args:
            body: The request's body as it was received, before any decoding.
            signature: Its `TikTok-Signature` header, as text or as the bytes that some servers give.
            tolerance: The greatest difference between the signature's time and now, in either direction. TikTok does
                not say whether it signs a repeated delivery again. If it does not, a greater tolerance accepts late
                ones, and `handle` still acts on each event once.

        Raises:
            SignatureMismatch: The signature does not match the app's secret and these bytes.
            TimestampOutsideTolerance: Its signature is too old, or from the future.
            WrongApp: It is for another app.
            WebhookError: It is too large, or not an event. Answer each of these with a 4xx.
            ConfigurationError: *body* is text: the signature is over the bytes.

        Source: https://developers.tiktok.com/doc/webhooks-verification
        """
        if isinstance(body, bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            body = bytes(body)
        if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise ConfigurationError("parse takes the bytes of the body as they were received, neither text nor JSON.")
        signed_at = verify(
            body, header_text(signature), secrets=self._secrets, now=self._clock.now(), tolerance=abs(tolerance)
        )
        return parse_event(body, client_key=self._client_key, signed_at=signed_at)

    def sign(self, body: bytes, at: datetime | None = None) -> str:
        """Return the signature header that TikTok would send with *body*; for tests.

        Args:
            body: The bytes.
            at: The time, aware; `None` for now.
        """
        if at is not None and at.utcoffset() is None:
            raise ConfigurationError("sign needs an aware datetime, such as datetime.now(UTC).")
        return sign(body, int((at or self._clock.now()).timestamp()), self._secrets[0])

    async def handle(self, event: WebhookEvent, then: Then | None = None) -> bool:
        """Act on *event*, once among all processes that share the store.

        For a removed authorization it deletes the account's stored token, unless the user has logged in again since. An
        event about a post makes a `Publish.wait` for it in this process ask TikTok at once.

        Args:
            event: The result of `parse`.
            then: Your own work for the event, awaited before it counts as handled: save the event, or put it on a
                queue. If it raises, or the process dies, the event counts as new when TikTok repeats it. It should
                take much less than a minute.

        Returns:
            Whether the event was new; `False` for a repeated delivery.

        Raises:
            EventInProgress: Another process is still at work on it; answer with a 4xx, and TikTok repeats it.
            StoreError: The store failed; answer with a 5xx, and TikTok repeats it.
            Exception: From *then*.
        """
        key, name = AccountKey(self._client_key, event.open_id or ""), f"webhook:{event.dedup_key}"
        if not await self._claim(key, name):
            return False
        try:
            await self._act(event)
            if then is not None:
                await then(event)
        except BaseException:
            if self._notes is not None:
                with suppress(StoreError):  # the claim ends by itself
                    await self._notes.delete_note(key, name)
            raise
        if self._notes is not None:
            await self._notes.put_note(key, name, _DONE, ttl=_REMEMBERED, only_if_absent=False)
        return True

    async def _claim(self, key: AccountKey, name: str) -> bool:
        if self._notes is None or await self._notes.put_note(key, name, _STARTED, ttl=_CLAIMED, only_if_absent=True):
            return True
        if await self._notes.get_note(key, name) == _DONE:
            return False
        raise EventInProgress(
            "Another process is at work on this event. Answer with a 4xx, and TikTok will repeat it later."
        )

    async def _act(self, event: WebhookEvent) -> None:
        runtime = self._runtime
        if runtime is None:
            return
        if isinstance(event, PostEvent):
            if isinstance(event, PostPubliclyAvailable) and event.open_id is not None:
                await PostedIds(runtime.store, AccountKey(runtime.client_key, event.open_id), event.publish_id).add(
                    event.post_id
                )
            runtime.wakeups.wake(event.publish_id)
        elif isinstance(event, AuthorizationRemoved) and event.open_id is not None:
            await _drop(runtime, event.open_id, event.create_time)


async def _drop(runtime: Runtime, open_id: str, removed_at: datetime) -> None:
    """Delete the token if its grant is the one that was removed, and not that of a later login."""
    stored = await runtime.store.get(AccountKey(runtime.client_key, open_id))
    if stored is None or stored.updated_at > removed_at + _SKEW:
        return
    if stored.updated_at > removed_at - _SKEW:
        # The times of the two clocks are too close to show which came first, so TikTok is asked.
        try:
            await runtime.tokens.refresh(open_id)
        except (ReauthorizationRequired, AccountNotFound):
            pass
        else:
            return

    async def unless_newer(token: Token) -> None:
        if token.access_token != stored.access_token:
            raise _LoggedInAgain

    with suppress(_LoggedInAgain):
        await runtime.tokens.forget(open_id, unless_newer)


class _LoggedInAgain(Exception):
    """A newer token was stored meanwhile; it stays."""
