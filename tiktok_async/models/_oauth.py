"""A begun login, which must be kept until its callback.

Source: https://developers.tiktok.com/doc/login-kit-web
"""

import json
from enum import StrEnum
from typing import Any, Self

from attrs import frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models._tokens import Secret


class QrStatus(StrEnum):
    """The status of a QR login, by TikTok's names."""

    NEW = "new"
    """It was not scanned yet."""
    SCANNED = "scanned"
    """It was scanned; the user is asked to confirm."""
    CONFIRMED = "confirmed"
    """The user confirmed; the account is stored."""
    EXPIRED = "expired"
    """It has expired: begin again."""
    UTILISED = "utilised"
    """Its code was already given out; begin again."""


class Scope(StrEnum):
    """A permission that a user grants to an app; a scope unknown here stays a plain `str`."""

    USER_INFO_BASIC = "user.info.basic"
    USER_INFO_PROFILE = "user.info.profile"
    USER_INFO_STATS = "user.info.stats"
    USER_INFO_OPEN_ID = "user.info.open_id"
    VIDEO_LIST = "video.list"
    VIDEO_PUBLISH = "video.publish"
    VIDEO_UPLOAD = "video.upload"
    PORTABILITY_ALL_SINGLE = "portability.all.single"
    PORTABILITY_ALL_ONGOING = "portability.all.ongoing"
    PORTABILITY_POSTSANDPROFILE_SINGLE = "portability.postsandprofile.single"
    PORTABILITY_POSTSANDPROFILE_ONGOING = "portability.postsandprofile.ongoing"
    PORTABILITY_ACTIVITY_SINGLE = "portability.activity.single"
    PORTABILITY_ACTIVITY_ONGOING = "portability.activity.ongoing"
    PORTABILITY_DIRECTMESSAGES_SINGLE = "portability.directmessages.single"
    PORTABILITY_DIRECTMESSAGES_ONGOING = "portability.directmessages.ongoing"
    RESEARCH_DATA_BASIC = "research.data.basic"
    RESEARCH_DATA_U18EU = "research.data.u18eu"
    RESEARCH_DATA_VRA = "research.data.vra"
    RESEARCH_ADLIB_BASIC = "research.adlib.basic"


@frozen(slots=True, kw_only=True)
class AuthorizationRequest:
    """A begun login: the address for the user, and the values with which its callback is compared.

    Keep it in the user's web session until the callback, by `to_json()` and `from_json()`.

    Attributes:
        url: TikTok's consent page for this login; it holds no secret.
        state: The state that the callback must return.
        code_verifier: The other half of the challenge in *url*; `None` without PKCE.
        redirect_uri: The address to which TikTok sends the user; the exchange of the code repeats it.
        scopes: The requested scopes, in the given order.
        client_key: The app.
    """

    url: str
    state: str
    code_verifier: Secret | None
    redirect_uri: str
    scopes: tuple[str, ...]
    client_key: str

    @property
    def pkce(self) -> bool:
        """Whether the login uses a code verifier."""
        return self.code_verifier is not None

    def to_json(self) -> str:
        """Return this login as JSON, with `code_verifier` in plain text.

        Keep it only in the web session of the user who logs in (a signed cookie or the server's session store), never
        in a log or a URL: with the verifier, a stolen code can be exchanged.
        """
        return json.dumps(
            {
                "url": self.url,
                "state": self.state,
                "code_verifier": None if self.code_verifier is None else self.code_verifier.reveal(),
                "redirect_uri": self.redirect_uri,
                "scopes": list(self.scopes),
                "client_key": self.client_key,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the login saved by `to_json`.

        Raises:
            ConfigurationError: *text* is not a result of `to_json`; the message does not repeat it.
        """
        try:
            found: Any = json.loads(text)
            scopes: list[Any] = found["scopes"] if type(found["scopes"]) is list else []
            words: dict[str, Any] = {key: found[key] for key in ("url", "state", "redirect_uri", "client_key")}
            verifier = found["code_verifier"]
            if scopes and all(type(word) is str and word for word in (*words.values(), *scopes)):
                secret = None if verifier is None else Secret(verifier)
                return cls(**words, code_verifier=secret, scopes=tuple(scopes))
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise ConfigurationError(
            "This is not the JSON of an AuthorizationRequest. Keep the result of `to_json()`, unchanged, in the user's "
            "web session; if the session is lost, begin the login again."
        )
