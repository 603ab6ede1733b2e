"""The code that both web examples share: which page a visitor sees, and their events."""

import logging
import os
from collections import deque
from collections.abc import Mapping, MutableMapping
from datetime import timedelta
from typing import Any

from examples.web_site import pages
from examples.web_site.reasons import REASONS
from tiktok_async import (
    Account,
    AccountNotFound,
    AuthorizationRemoved,
    PostEvent,
    PostInboxDelivered,
    PostPublishComplete,
    PostPublishFailed,
    ReauthorizationRequired,
    Scope,
    ScopeNotGranted,
    TikTokError,
    TikTokSession,
    Video,
    VideoUploadFailed,
    WebhookEvent,
)

REDIRECT_URI = os.environ.get("REDIRECT_URI", "http://localhost:8080/tiktok/callback/")
COOKIE_KEY = os.environ.get("COOKIE_KEY", "only-for-trying-it-out")
SCOPES = [
    Scope.USER_INFO_BASIC,
    Scope.USER_INFO_PROFILE,
    Scope.USER_INFO_STATS,
    Scope.VIDEO_LIST,
    Scope.VIDEO_PUBLISH,
]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "img-src https: http://127.0.0.1:* data:; media-src blob:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_SHOWN = 12
_logger = logging.getLogger(__name__)


class Site:
    """Keeps the last events in memory, which is enough for an example; a real site would use its database."""

    def __init__(self) -> None:
        self._events: deque[WebhookEvent] = deque(maxlen=50)

    async def on_event(self, event: WebhookEvent) -> None:
        """Save an event; the session has verified it and passes each event on only once."""
        self._events.appendleft(event)

    def events(self, account: Account) -> str:
        """Return the list of *account*'s events as HTML."""
        mine = [event for event in self._events if event.open_id == account.open_id]
        return pages.events([(event.create_time, event.name, *_words(event)) for event in mine])

    async def page(self, account: Account | None, web: Mapping[str, Any], query: Mapping[str, str]) -> str:
        """Return the front page for this visitor.

        Args:
            account: The account that is logged in in this browser.
            web: The browser's web session.
            query: The query's parameters; `tiktok_error` says that a login failed.
        """
        if account is None:
            return pages.landing(query.get("tiktok_error"))
        try:
            name, avatar_url = str(web.get("name") or "TikTok user"), web.get("avatar_url")
            user = await account.profile(name=name, avatar_url=avatar_url, max_age=timedelta(0))
            videos = await _videos(account)
        except (ReauthorizationRequired, AccountNotFound):
            return pages.disconnected()
        except TikTokError as error:
            # The error's message is for the logs, not for a creator.
            _logger.warning("No page for %s: %s", account.open_id, error)
            return pages.trouble(getattr(error, "log_id", None))
        return pages.home(user, videos, self.events(account), query.get("tiktok_error"))


async def log_in_mini_game(session: TikTokSession, web: MutableMapping[str, Any], sent: Mapping[str, Any]) -> Account:
    """Log in the player of a mini game with the code that its client sent.

    Args:
        session: The session.
        web: The browser's web session; the name and the picture from the client are saved in it.
        sent: `code`, and until the player shares their profile also `name` and `avatar_url`.
    """
    account = await session.oauth.exchange(str(sent.get("code", "")))
    for key in ("name", "avatar_url"):
        if isinstance(sent.get(key), str):
            web[key] = str(sent[key])[:200]
    return account


async def _videos(account: Account) -> list[Video] | None:
    """Return the newest videos; `None` if the user did not share them."""
    try:
        return await account.videos(limit=_SHOWN).collect()
    except ScopeNotGranted:
        return None


_NAMES: dict[type[WebhookEvent], str] = {
    AuthorizationRemoved: "Access removed",
    PostPublishFailed: "A post failed",
    PostPublishComplete: "A post was published",
    PostInboxDelivered: "A draft is in your TikTok inbox",
    VideoUploadFailed: "A shared video did not arrive",
}


def _words(event: WebhookEvent) -> tuple[str, str]:
    """Return what happened, and the details."""
    name = _NAMES.get(type(event), "A post changed" if isinstance(event, PostEvent) else "An event")
    if isinstance(event, PostPublishFailed):
        reason = event.reason or "TikTok gave no reason."
        return name, REASONS.get(reason, reason)
    if isinstance(event, AuthorizationRemoved):
        return name, f"Reason {int(event.reason)}"
    return name, event.publish_id if isinstance(event, PostEvent) else ""
