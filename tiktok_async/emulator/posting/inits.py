"""The checks of an init before it is accepted: its fields, and the reasons to refuse it.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
"""

from typing import Any, Final

from attrs import field, frozen

from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.quirks import PostingQuirks
from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.emulator.posting import rules
from tiktok_async.emulator.posting.creators import Creator, refuses_drafts, refuses_posts
from tiktok_async.emulator.posting.posts import Posts
from tiktok_async.emulator.posting.rules import FileSource, PostInfo, PullSource
from tiktok_async.emulator.posting.url_properties import UrlProperties
from tiktok_async.models import Endpoint, Scope

# TikTok sends the same message with most refusals of an init; only the code differs.
GUIDELINES: Final = (
    "Please review our integration guidelines at https://developers.tiktok.com/doc/content-sharing-guidelines/"
)
_PREFIXES: Final = {
    (Endpoint.VIDEO_INIT, False): "v_pub_file~v2-1.",
    (Endpoint.VIDEO_INIT, True): "v_pub_url~v2.",
    (Endpoint.INBOX_INIT, False): "v_inbox_file~v2.",
    (Endpoint.INBOX_INIT, True): "v_inbox_url~v2.",
}


class Refused(Exception):
    """An init is valid, but TikTok refuses it.

    Args:
        code: TikTok's error code.
        message: TikTok's error message.
        status: HTTP status.
    """

    def __init__(self, code: str, message: str = GUIDELINES, *, status: int = 403) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


@frozen(slots=True, kw_only=True)
class Init:
    """An init whose fields are valid.

    Attributes:
        endpoint: Which of the three.
        body: Its JSON.
        draft: Whether it goes to the inbox.
        source: Where the media comes from.
        info: The `post_info` of a direct post; `None` for a draft.
    """

    endpoint: Endpoint
    body: dict[str, Any] = field(repr=False)
    draft: bool
    source: FileSource | PullSource
    info: PostInfo | None

    @property
    def pulled(self) -> bool:
        """Whether TikTok fetches the media."""
        return isinstance(self.source, PullSource)

    @property
    def public(self) -> bool:
        """Whether everyone may see the post; for a draft its user decides, and the emulator's users say yes."""
        return self.info is None or self.info.privacy_level == "PUBLIC_TO_EVERYONE"

    @property
    def prefix(self) -> str:
        """The beginning of its `publish_id`."""
        photos = "p_inbox_url~v2." if self.draft else "p_pub_url~v2."
        return _PREFIXES.get((self.endpoint, self.pulled), photos)


def read_init(endpoint: Endpoint, body: dict[str, Any], scopes: frozenset[str], quirks: PostingQuirks) -> Init:
    """Return the init in a request's JSON.

    Args:
        endpoint: Which of the three.
        body: Its JSON.
        scopes: The scopes of the token; a photo init needs the scope of its mode.
        quirks: How the chunk rules are read.

    Raises:
        BadField: Its fields are wrong.
        Refused: The mode's scope is missing.
    """
    info: PostInfo | None
    source: FileSource | PullSource
    if endpoint is Endpoint.CONTENT_INIT:
        draft = rules.photo_mode(body) == "MEDIA_UPLOAD"
        needed = Scope.VIDEO_UPLOAD if draft else Scope.VIDEO_PUBLISH
        if needed not in scopes:
            raise Refused("scope_not_authorized", f"{needed} was not granted", status=401)
        info, source = rules.photo_post(body, direct=not draft), rules.photo_source(body)
    else:
        draft = endpoint is Endpoint.INBOX_INIT
        info = None if draft else rules.video_post(body)
        source = rules.video_source(body, quirks.megabyte, short_single_chunk=quirks.short_single_chunk == "accepted")
    return Init(endpoint=endpoint, body=body, draft=draft, source=source, info=None if draft else info)


def check_init(
    init: Init,
    user: EmulatedUser,
    creator: Creator,
    *,
    posts: Posts,
    properties: UrlProperties,
    quirks: PostingQuirks,
) -> None:
    """Check whether TikTok would accept an init.

    Args:
        init: The init.
        user: The user of the account.
        creator: Their posting settings.
        posts: The posts of all users, for the caps.
        properties: The URLs that the app owns.
        quirks: The caps, and whether the app is audited.

    Raises:
        Refused: TikTok would refuse it.
        BadField: It is branded content with `SELF_ONLY`, and the quirks do not allow that.
    """
    if init.draft and init.endpoint is Endpoint.CONTENT_INIT and creator.app_is_too_old:
        raise Refused("app_version_check_failed", "TikTok must be at least 31.8", status=400)
    refuses = refuses_drafts if init.draft else refuses_posts
    code = refuses(user.open_id, creator, posts, quirks)
    if code is not None:
        raise Refused(code)
    if init.info is not None:
        _check_privacy(init.info, user, creator, quirks)
    if isinstance(init.source, PullSource) and not all(properties.owns(url) for url in init.source.urls):
        raise Refused("url_ownership_unverified")


def _check_privacy(info: PostInfo, user: EmulatedUser, creator: Creator, quirks: PostingQuirks) -> None:
    if info.privacy_level not in creator.options(user):
        raise Refused("privacy_level_option_mismatch")
    if not quirks.audited and not (user.private and info.privacy_level == "SELF_ONLY"):
        raise Refused("unaudited_client_can_only_post_to_private_accounts")
    if info.branded and info.privacy_level == "SELF_ONLY" and quirks.branded_self_only == "refused":
        raise BadField(rules.BAD_POST)
