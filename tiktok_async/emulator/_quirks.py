"""Everything TikTok's pages dispute or leave open, as one set of switches."""

from datetime import timedelta
from typing import Literal

from attrs import field, frozen, validators

from tiktok_async.emulator._portability_quirks import PortabilityQuirks
from tiktok_async.emulator._posting_quirks import PostingQuirks
from tiktok_async.emulator._research_quirks import ResearchQuirks

Rotation = Literal["strict", "grace", "none"]
OAuthErrorStatus = Literal[200, 400, 401]
MissingScopeStyle = Literal["401", "400"]


@frozen(slots=True, kw_only=True)
class Quirks:
    """How the emulator behaves where TikTok's pages disagree, are silent, or were contradicted by live replies.

    The defaults are the newest text, and the stricter reading where nothing is said.

    Attributes:
        access_lifetime: Life of a user's access token and of a client token (newest page: 2 h; older: 24 h).
        refresh_lifetime: Life of a refresh token (newest page: 180 days; older: 365).
        rotation: `strict`: a refresh token works once. `grace`: it goes on working for *rotation_grace*.
            `none`: a refresh returns the same one, as the older pages allowed.
        rotation_grace: How long a rotated refresh token still works with `grace`.
        refresh_lifetime_restarts: Whether a rotated refresh token lives *refresh_lifetime* from now, or only
            as long as the first one would have.
        refresh_expires_in_as_text: Send `refresh_expires_in` as a string.
        refresh_ends_access: Whether a refresh ends the access tokens given out before.
        code_lifetime: Life of an authorization code, which works once.
        oauth_error_status: The HTTP status of OAuth errors; only their body is documented.
        form_charset: What becomes of a form whose content type has a charset behind it.
        token_reply: The shape of the token reply; `v1` is the retired one.
        revoke_reply: The body of a successful revocation.
        loopback_needs_pkce: Whether a redirect URI on loopback needs a code challenge.
        sandbox: Refuse users who were not added with `sandbox_target=True`.
        missing_scope_style: A field without its scope: 401 `scope_not_authorized` or 400 `scope_permission_missed`.
        unknown_fields: A `fields` name that does not exist: an error, or left out.
        fields_required: Whether `/v2/user/info/` without `fields` is refused; the mini-games guide omits them.
        absent_values: A value the user never set: left out, or `null`.
        short_pages: Lists have short and even empty pages with `has_more`, as moderation makes them.
        cursor_stands_still: `/v2/video/list/` answers with the cursor it was asked for, and `has_more`.
        end_cursor: The `cursor` beside `has_more: false`.
        query_has_cursor: Whether `/v2/video/query/` answers with `cursor` and `has_more` too.
        retry_after: Whether a 429 carries `Retry-After`.
        window_by: Whose calls share a window: those of one access token, or of one user whatever the token.
        refused_count: Whether a call refused with 429 takes a place in the window as well.
        error_data: What stands under `data` in an error.
        ok_message: `error.message` of a success.
        log_id_key: The key of the log id in `error`.
        qr_confirmed: The form of a confirmed QR login.
        qr_lifetime: How long a QR code can be scanned.
        posting: Those of Content Posting.
        research: Those of the Research API.
        portability: Those of Data Portability.
        webhooks_signed_anew: Whether a webhook that is sent again carries a new time and signature.
    """

    access_lifetime: timedelta = timedelta(hours=2)
    refresh_lifetime: timedelta = timedelta(days=180)
    rotation: Rotation = field(default="strict", validator=validators.in_(("strict", "grace", "none")))
    rotation_grace: timedelta = timedelta(minutes=1)
    refresh_lifetime_restarts: bool = True
    refresh_expires_in_as_text: bool = False
    refresh_ends_access: bool = False
    code_lifetime: timedelta = timedelta(minutes=5)
    oauth_error_status: OAuthErrorStatus = 400
    form_charset: Literal["refused", "accepted"] = "refused"
    token_reply: Literal["v2", "v1"] = "v2"  # noqa: S105 - a shape, not a secret
    revoke_reply: Literal["{}", ""] = "{}"
    loopback_needs_pkce: bool = True
    sandbox: bool = False
    missing_scope_style: MissingScopeStyle = field(default="401", validator=validators.in_(("401", "400")))
    unknown_fields: Literal["error", "ignored"] = "error"
    fields_required: bool = True
    absent_values: Literal["omitted", "null"] = "omitted"
    short_pages: bool = False
    cursor_stands_still: bool = False
    end_cursor: Literal["last", "zero", "omitted"] = "last"
    query_has_cursor: bool = False
    retry_after: bool = False
    window_by: Literal["token", "user"] = "token"
    refused_count: bool = False
    error_data: Literal["empty", "absent"] = "empty"
    ok_message: Literal["", "ok", "ok."] = ""
    log_id_key: Literal["log_id", "logid"] = "log_id"
    qr_confirmed: Literal["code", "redirect_uri"] = "code"
    qr_lifetime: timedelta = timedelta(minutes=3)
    posting: PostingQuirks = field(factory=PostingQuirks)
    research: ResearchQuirks = field(factory=ResearchQuirks)
    portability: PortabilityQuirks = field(factory=PortabilityQuirks)
    webhooks_signed_anew: bool = True
