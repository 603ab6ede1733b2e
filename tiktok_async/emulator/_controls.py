"""The methods with which a test, or a person, controls the emulated TikTok."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Unpack

from attrs import evolve

from tiktok_async.emulator._products import Products
from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.faults import Drop, Fault, endpoint_key
from tiktok_async.emulator.engine.quirks import Quirks
from tiktok_async.emulator.engine.requests import RecordedRequest, RequestLog
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser, UserProfile
from tiktok_async.emulator.engine.webhooks import SignedWebhook, WebhookDelivery
from tiktok_async.emulator.oauth import consent, token_endpoint
from tiktok_async.emulator.oauth.qr import QrLogins
from tiktok_async.models import Endpoint

_DISCONNECTED_IN_TIKTOK = 1


class Controls(Products):
    """The controls of the emulator; `Emulator` has them all.

    Attributes:
        state: The state that the product areas share.
        qr: The QR logins.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state
        self.qr: QrLogins = QrLogins(state)

    @property
    def url(self) -> str:
        """The URL of the emulator: a session's `base_url`."""
        return self.state.url

    @property
    def authorize_url(self) -> str:
        """The URL of the consent page: a session's `authorize_url`."""
        return self.state.url + consent.PATH

    @property
    def client_key(self) -> str:
        """The app's key."""
        return self.state.client_key

    @property
    def client_secret(self) -> str:
        """The app's secret."""
        return self.state.client_secret

    @property
    def quirks(self) -> Quirks:
        """The behaviour where TikTok's pages disagree; may be set at any time."""
        return evolve(
            self.state.quirks,
            posting=self.posting.quirks,
            research=self.research.quirks,
            portability=self.portability.quirks,
        )

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self.state.change_quirks(quirks)
        self.use_quirks(quirks)

    @property
    def clock(self) -> MovableClock:
        """Its clock; `clock.advance(timedelta(hours=2))` moves it ahead and wakes the tasks that sleep until then."""
        return self.state.clock

    @property
    def requests(self) -> RequestLog:
        """The requests it received, in order."""
        return self.state.log

    @property
    def users(self) -> list[EmulatedUser]:
        """All users that were added."""
        return list(self.state.users.values())

    @property
    def refreshes(self) -> Counter[str]:
        """How many token refreshes succeeded, by open_id."""
        return self.state.grants.refreshes

    @property
    def reuses(self) -> Counter[str]:
        """How often an already replaced refresh token was used again, by open_id."""
        return self.state.grants.reuses

    @property
    def logins(self) -> Counter[str]:
        """How many authorization codes were exchanged, by open_id."""
        return self.state.grants.logins

    @property
    def rate_limited(self) -> Counter[Endpoint | str]:
        """How many requests were refused with 429 because of a rate limit, by endpoint."""
        return self.state.windows.refused

    @property
    def webhooks(self) -> list[WebhookDelivery]:
        """The events sent so far, with every delivery attempt."""
        return self.state.webhooks.deliveries

    @property
    def webhook_url(self) -> str | None:
        """The URL that webhooks are sent to; may be set at any time, to an address on this machine."""
        return self.state.webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.state.webhooks.url = url

    def add_user(
        self,
        *,
        videos: int = 0,
        scopes: Iterable[str] | None = None,
        display_name: str | None = None,
        username: str | None = None,
        private: bool = False,
        sandbox_target: bool = False,
        open_id: str | None = None,
        **profile: Unpack[UserProfile],
    ) -> EmulatedUser:
        """Add a creator.

        Args:
            videos: How many public videos; they are generated when they are first read.
            scopes: The scopes they are ready to grant; default: all of the Display and Content Posting APIs.
            display_name: Their name.
            username: Their handle, without `@`.
            private: Whether the account is private.
            sandbox_target: Whether a sandbox app may log them in.
            open_id: Their id; default: generated from the seed.
            **profile: More attributes of `EmulatedUser`, such as `bio_description`.

        Raises:
            ValueError: A user with this *open_id* exists already.
        """
        return self.state.add_user(
            videos=videos,
            scopes=scopes,
            display_name=display_name,
            username=username,
            private=private,
            sandbox_target=sandbox_target,
            open_id=open_id,
            profile=profile,
        )

    def fail_next(
        self,
        endpoint: Endpoint | str,
        *,
        status: int | None = None,
        times: int = 1,
        code: str | None = None,
        message: str = "",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        html: bool = False,
        drop: Drop | None = None,
        delay: timedelta | None = None,
        drip: timedelta | None = None,
        truncate: int | None = None,
        user: EmulatedUser | None = None,
        share: float = 1.0,
    ) -> Fault:
        """Let the next requests to *endpoint* fail; by default with status 500.

        Args:
            endpoint: An `Endpoint`, its path or its name; `"authorize"` is the consent page, `"upload"` the
                upload host.
            status: Answer with this HTTP status; the request is not processed.
            times: How many requests fail.
            code: The error's code; default: one that fits *status*.
            message: The error's message.
            body: The whole body, instead of a generated one.
            headers: Additional headers.
            html: Answer with a gateway's HTML page.
            drop: Reset the connection `"before"` the request is processed, or `"after"` it, without an answer.
            delay: Wait this long before the request is processed, on the emulator's clock.
            drip: Send the reply's body slowly, over this time on the emulator's clock.
            truncate: Close the connection after this many bytes of the body.
            user: Only requests with a token of this user.
            share: The share of the matching requests that fail, 0 to 1.

        Returns:
            The fault; its `times` is the number of requests that are still to fail.

        Raises:
            ValueError: There is no such endpoint.
        """
        key = endpoint_key(endpoint)
        nothing_said = body is None and drop is None and delay is None and drip is None and truncate is None
        if status is None and nothing_said:
            status = 502 if html else 500
        fault = Fault(
            status=status,
            times=times,
            code=code,
            message=message,
            body=body.encode() if isinstance(body, str) else body,
            headers=dict(headers or {}),
            html=html,
            drop=drop,
            delay=delay,
            drip=drip,
            truncate=truncate,
            open_id=None if user is None else user.open_id,
            share=share,
        )
        self.state.faults.plan(key, fault)
        return fault

    def revoke(self, user: EmulatedUser) -> None:
        """Let a user disconnect the app in TikTok: all their tokens become invalid, and a webhook is sent."""
        self.state.revoke(user.open_id, reason=_DISCONNECTED_IN_TIKTOK)

    def expire_access(self, user: EmulatedUser) -> None:
        """Expire a user's access tokens now; the refresh tokens stay valid."""
        self.state.grants.expire_access(user.open_id)

    def grant(self, user: EmulatedUser, scopes: Iterable[str] | None = None) -> dict[str, Any]:
        """Return a token reply as if *user* had just logged in, without the consent page."""
        return token_endpoint.token_reply(self.state.grants.new_pair(user.open_id, user.ready_for(scopes)))

    def minis_code(self, user: EmulatedUser, scopes: Iterable[str] = ("user.info.basic",)) -> str:
        """Return the code that a mini game's `login` gives; its exchange needs no redirect URI and no verifier."""
        return self.state.grants.new_code(user.open_id, frozenset(map(str, scopes)))

    def allow(self, user: EmulatedUser, scopes: Iterable[str] = ("user.info.basic",)) -> bool:
        """Let *user* consent in a mini game, as after `TTMinis.game.authorize`: existing tokens get more scopes.

        Returns:
            Whether a popup was shown; an earlier consent is remembered, and then there is none.
        """
        wanted = frozenset(map(str, scopes))
        if wanted <= self.state.grants.granted(user.open_id):
            return False
        self.state.grants.widen(user.open_id, wanted)
        return True

    def deny(self, user: EmulatedUser) -> bool:
        """Let *user* refuse in a mini game: nothing changes, and the popup may be shown again.

        Returns:
            Whether a popup was shown; after a consent there is none.
        """
        return "user.info.basic" not in self.state.grants.granted(user.open_id)

    def qr_scan(self, token: str, user: EmulatedUser, *, client_ticket: str | None = None) -> None:
        """Let *user* scan the QR code that belongs to *token*.

        Args:
            token: From `/v2/oauth/get_qrcode/`.
            user: The user who scans.
            client_ticket: The value that the app put into the code instead of `tobefilled`.

        Raises:
            LookupError: There is no such code, or it has expired.
        """
        self.qr.scan(token, user, client_ticket)

    def qr_confirm(self, token: str) -> None:
        """Let the user who scanned allow the login.

        Raises:
            LookupError: There is no such code, or nobody scanned it.
        """
        self.qr.confirm(token)

    def leaks(self, secret: str) -> list[RecordedRequest]:
        """Return the requests that contained *secret* in a place where it does not belong."""
        return self.state.log.leaks(secret)

    def send_webhook(
        self,
        event: str,
        content: Mapping[str, Any] | str | None = None,
        user: EmulatedUser | None = None,
        *,
        copies: int = 1,
        after: timedelta = timedelta(0),
    ) -> list[WebhookDelivery]:
        """Send a signed event to `webhook_url`; repeat it until it is accepted.

        Args:
            event: Its name.
            content: Its content; `None` is a sample for *event*.
            user: The user it is about; `None` for no user, as in TikTok's samples of mini game events.
            copies: How often it is delivered; more than once means duplicates.
            after: How long it is delayed on the emulator's clock, so that later events arrive before it.
        """
        open_id = None if user is None else user.open_id
        return self.state.webhooks.send(event, content, open_id, copies=copies, after=after)

    def signed_webhook(
        self, event: str, content: Mapping[str, Any] | str | None = None, user: EmulatedUser | None = None
    ) -> SignedWebhook:
        """Return an event as TikTok would send it, for a test client without a server address.

        Args:
            event: Its name, such as `authorization.removed`.
            content: Its content; `None` is a sample for *event*.
            user: The user it is about; `None` for no user.

        Returns:
            The body and the headers to post.
        """
        open_id = None if user is None else user.open_id
        return self.state.webhooks.signed(event, content, open_id)
