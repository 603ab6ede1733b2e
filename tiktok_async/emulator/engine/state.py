"""The state that all product areas share: settings, users, tokens, limits, faults and the log."""

import random
import string
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.faults import Faults
from tiktok_async.emulator.engine.grants import Grants
from tiktok_async.emulator.engine.quirks import Quirks
from tiktok_async.emulator.engine.replies import Replies
from tiktok_async.emulator.engine.requests import RequestLog
from tiktok_async.emulator.engine.users import EVERYDAY_SCOPES, EmulatedUser
from tiktok_async.emulator.engine.videos import Videos
from tiktok_async.emulator.engine.webhooks import WebhookSender
from tiktok_async.emulator.engine.windows import Windows
from tiktok_async.models import Endpoint, Limit

_OPEN_ID_LETTERS = string.ascii_letters + string.digits + "-_"


def _open_id(number: int, rng: random.Random) -> str:
    """Return an id in one of the forms of real ids: a UUID, one with `-` or `_` at its start, or one with dots."""
    uuid_form = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    tail = "".join(rng.choices(_OPEN_ID_LETTERS, k=32))
    forms = (uuid_form, f"-000{tail}", f"_000{tail}", f"{tail[:12]}.{tail[12:24]}.e1")
    return forms[(number - 1) % len(forms)]


class State:
    """The emulated TikTok without its HTTP side.

    Args:
        client_key: The app's key.
        client_secret: The app's secret.
        seed: Makes users, videos, tokens and jitter the same on each run.
        quirks: The behaviour where TikTok's pages disagree.
        limits: Rate limits, instead of the documented ones.
        app_scopes: Scopes the app is approved for; `None`: all.
        redirect_uris: Registered redirect URIs; `None`: all that follow TikTok's rules.
        webhook_url: The URL that webhooks are sent to; `None`: none are sent.

    Attributes:
        clock: The emulator's clock.
        replies: Makes the replies.
        log: The requests received.
        grants: Codes and tokens.
        windows: Rate limits.
        faults: The planned faults.
        webhooks: Sends events.
        users: All users, by open_id.
        url: The URL of the emulator; empty before it serves.
    """

    def __init__(
        self,
        *,
        client_key: str,
        client_secret: str,
        seed: int,
        quirks: Quirks,
        limits: Mapping[Endpoint, Limit | None] | None,
        app_scopes: Iterable[str] | None,
        redirect_uris: Iterable[str] | None,
        webhook_url: str | None,
    ) -> None:
        self.client_key = client_key
        self.client_secret = client_secret
        self.seed = seed
        self.quirks: Quirks = quirks
        self.app_scopes: frozenset[str] | None = None if app_scopes is None else frozenset(app_scopes)
        self.redirect_uris: tuple[str, ...] | None = None if redirect_uris is None else tuple(redirect_uris)
        self.clock: MovableClock = MovableClock(seed=seed)
        self.replies: Replies = Replies(quirks, self.clock)
        self.log: RequestLog = RequestLog()
        self.grants: Grants = Grants(quirks, self.clock, seed=seed)
        self.windows: Windows = Windows(self.clock, limits, refused_count=quirks.refused_count)
        self.faults: Faults = Faults(self.clock)
        self.webhooks: WebhookSender = WebhookSender(
            client_key, client_secret, self.clock, webhook_url, signed_anew=quirks.webhooks_signed_anew
        )
        self.users: dict[str, EmulatedUser] = {}
        self.url = ""
        self.change_quirks(quirks)

    def change_quirks(self, quirks: Quirks) -> None:
        """Apply *quirks* from the next request on; the product areas have their own copies."""
        self.quirks = quirks
        self.replies.quirks = quirks
        self.grants.quirks = quirks
        self.windows.refused_count = quirks.refused_count
        self.webhooks.signed_anew = quirks.webhooks_signed_anew
        self.webhooks.video_event_id = quirks.video_event_id
        self.webhooks.minis_user = quirks.minis_user

    def add_user(
        self,
        *,
        videos: int,
        scopes: Iterable[str] | None,
        display_name: str | None,
        username: str | None,
        private: bool,
        sandbox_target: bool,
        open_id: str | None,
        profile: Mapping[str, Any],
    ) -> EmulatedUser:
        """Add a creator; see `Emulator.add_user`."""
        number = len(self.users) + 1
        rng = random.Random(f"user {self.seed} {number}")  # noqa: S311 - a made-up person
        # The first id has the form of the documents; the others have the forms of real accounts.
        open_id = open_id or _open_id(number, rng)
        username = username or f"emu_creator_{number}"
        followers = rng.randrange(10**6)
        about: dict[str, Any] = {
            "follower_count": followers,
            "following_count": rng.randrange(500),
            # Some likes for each follower and video, as creators have.
            "likes_count": followers * (1 + videos) // 8 + rng.randrange(1_000),
        }
        user = EmulatedUser(
            open_id=open_id,
            union_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            username=username,
            display_name=display_name or f"Emu Creator {number}",
            private=private,
            scopes=EVERYDAY_SCOPES if scopes is None else frozenset(str(scope) for scope in scopes),
            sandbox_target=sandbox_target,
            videos=Videos(videos, seed=f"videos {self.seed} {open_id}", username=username, client_key=self.client_key),
            **{**about, **profile},
        )
        if user.open_id in self.users:
            msg = f"there is a user {user.open_id} already"
            raise ValueError(msg)
        self.users[user.open_id] = user
        return user

    def revoke(self, open_id: str, *, reason: int) -> bool:
        """Revoke all grants of a user and send the app a webhook; return whether there was a grant.

        Args:
            open_id: The user's id.
            reason: 1: the user disconnected in TikTok; 5: the developer revoked.
        """
        ended = self.grants.revoke(open_id)
        if ended:
            self.webhooks.send("authorization.removed", {"reason": reason}, open_id)
        return ended
