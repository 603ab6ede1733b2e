"""Settings for all behaviour on which TikTok's pages disagree or say nothing."""

from datetime import timedelta
from typing import Literal

from attrs import field, frozen, validators

from tiktok_async.emulator.posting.rules import Megabyte


@frozen(slots=True, kw_only=True)
class PortabilityQuirks:
    """How Data Portability behaves where TikTok's pages disagree or say nothing.

    Attributes:
        preparation: The time from the request until the archive is ready.
        ready_for: How long the archive can be downloaded.
        category_word: The word for direct messages in a status: as in the table or as in the example.
        cancel_id: Where a cancel call has its `request_id`: in the query, as in the table, in the body, as in the
            example, or in either.
        user_in_webhook: Whether `portability.download.ready` says whose archive it is; the sample does not.
        zip_type: The content type of the archive, which is not documented.
        ranges: Whether a download can be continued with `Range`.
        archive_size: The minimum size of the archive in bytes, for tests of long downloads.
    """

    preparation: timedelta = timedelta(0)
    ready_for: timedelta = timedelta(days=4)
    category_word: Literal["direct_message", "direct_messages"] = "direct_message"
    cancel_id: Literal["either", "query", "body"] = field(
        default="either", validator=validators.in_(("either", "query", "body"))
    )
    user_in_webhook: bool = False
    zip_type: str = "application/zip"
    ranges: bool = False
    archive_size: int = 0


@frozen(slots=True, kw_only=True)
class PostingQuirks:
    """How publishing behaves where TikTok's pages disagree or say nothing.

    Attributes:
        audited: Whether the app passed TikTok's audit. An unaudited app can post only `SELF_ONLY`, only to private
            accounts, and for at most five users a day.
        active_user_cap: How many users may post directly in 24 h; `None`: five if not audited, else no cap.
        posts_a_day: How many direct posts one creator may make in 24 h; `None`: no cap.
        pending_drafts: How many unposted drafts one creator may have in 24 h; `None`: no cap.
        bad_param_code: The error code of a bad field: as in live replies, or as on the posting pages.
        megabyte: How "MB" is read in the chunk rules.
        short_single_chunk: Whether a single chunk may have a `chunk_size` below the file size. The media guide allows
            it literally (the count is rounded down, the last chunk is larger); other sources doubt it.
        options_while_unaudited: The privacy levels that `creator_info` returns to an unaudited app.
        creator_info_by_upload: Whether `video.upload` is enough for `creator_info`.
        branded_self_only: Whether branded content may be `SELF_ONLY`; the page forbids it in the app's interface and
            does not mention the API.
        upload_path: The path of an `upload_url`; the emulator always serves both.
        upload_life: How long an `upload_url` is valid.
        upload_range: The upper bound in the PUT reply's `Content-Range`: the last index or the count.
        upload_done: The status of the PUT that completes the file.
        torn_chunk: What happens to the bytes of a PUT that ended early.
        chunk_again: The answer to a chunk that was accepted before.
        unknown_id_polls: How many status requests call a new `publish_id` invalid.
        post_id_shape: The form of `publicaly_available_post_id`.
        webhook_post_id: The type of `post_id` in webhooks.
        direct_word: The `publish_type` of a direct post in webhooks; public tests show both.
        media: Whether uploaded videos, and the media of `Emulator.host_media`, are checked and fail by TikTok's rules
            for media; `checked` needs PyAV and Pillow (extra `media`) and keeps the bytes in memory.
        photo_size: What "1080p" limits in a checked photo: both sides to 1080 x 1920, or only the shorter side or
            the width to 1080.
    """

    audited: bool = True
    active_user_cap: int | None = None
    posts_a_day: int | None = 15
    pending_drafts: int | None = 5
    bad_param_code: Literal["invalid_params", "invalid_param"] = "invalid_params"
    megabyte: Megabyte = field(default=Megabyte.EITHER, converter=Megabyte)
    short_single_chunk: Literal["refused", "accepted"] = "refused"
    options_while_unaudited: Literal["all", "self_only"] = "all"
    creator_info_by_upload: bool = True
    branded_self_only: Literal["accepted", "refused"] = "accepted"
    upload_path: Literal["/video/", "/upload"] = "/video/"
    upload_life: timedelta = timedelta(hours=1)
    upload_range: Literal["last", "count"] = field(default="last", validator=validators.in_(("last", "count")))
    upload_done: Literal[201, 200] = 201
    torn_chunk: Literal["discarded", "kept"] = "discarded"
    chunk_again: Literal["416", "accepted"] = "416"
    unknown_id_polls: int = 0
    post_id_shape: Literal["list", "scalar", "string", "strings", "absent"] = "list"
    webhook_post_id: Literal["number", "string"] = "number"
    direct_word: Literal["DIRECT_POST", "DIRECT_PUBLISH"] = "DIRECT_POST"
    media: Literal["ignored", "checked"] = field(default="ignored", validator=validators.in_(("ignored", "checked")))
    photo_size: Literal["both_sides", "shorter_side", "width"] = "both_sides"


@frozen(slots=True, kw_only=True)
class ResearchQuirks:
    """How the Research API behaves where TikTok's pages disagree or say nothing.

    Attributes:
        requests_a_day: The project's daily quota of requests, from midnight to midnight UTC.
        graph_requests_a_day: The separate daily quota for followers and following.
        end_date: Whether the answer includes the videos of `end_date` itself.
        default_count: `max_count` of a video query without one: the reference page says 20, the guide 10.
        search_id_life: How long a `search_id` is valid.
        fresh_search_id_refusals: How many times a new `search_id` is called invalid before it works.
        withheld: The share of list entries that are withheld, so that pages are shorter than requested.
        empty_page_every: After this many videos there is an empty page; 0: never.
        video_id_key: The key of a video's id: as in the table or as in the example.
        liked_cursor: The unit of the liked videos' cursor: seconds (the table) or milliseconds (the example).
        reposted_key: The list key of reposted videos: as in the example or as in the table.
        favorites_key: The key of the count in liked, pinned and reposted videos if `favourites_count` is requested.
        zero_cursor: The meaning of `cursor: 0` of followers, following and liked videos: the beginning, as in live
            replies, or a Unix time, before which there is nothing.
        nul_in_text: Whether descriptions contain NUL characters, as live ones do.
        playlist_fails: Whether the playlist endpoint sends its correct data with HTTP 500.
        shop_error: Whether the shop endpoints have an `error` member; the samples show none.
        followers_stop: At how many followers the listing ends.
        comments_stop: At how many comments the listing ends.
        task_takes: How long a compliance task is `Processing`.
        plain_text_bodies: Whether a JSON body may have the content type `text/plain`, as one client sends it.
        null_cursor: Whether `cursor` and `search_id` may be null, as working clients send them.
        shop_id_as_text: Whether `shop_id` may be a string; the table says a number.
        adlib_has_more: The type of `has_more` in Commercial Content: string (the examples) or boolean (the table).
        adlib_page: The maximum number of ads or contents on a page, whatever `max_count` says.
    """

    requests_a_day: int = 1_000
    graph_requests_a_day: int = 20_000
    end_date: Literal["inclusive", "exclusive"] = field(
        default="inclusive", validator=validators.in_(("inclusive", "exclusive"))
    )
    default_count: Literal[20, 10] = 20
    search_id_life: timedelta = timedelta(hours=1)
    fresh_search_id_refusals: int = 0
    withheld: float = field(default=0.0, validator=[validators.ge(0.0), validators.lt(1.0)])
    empty_page_every: int = 0
    video_id_key: Literal["id", "video_id"] = "id"
    liked_cursor: Literal["s", "ms"] = "ms"
    reposted_key: Literal["reposted_videos", "user_reposted_videos"] = "reposted_videos"
    favorites_key: Literal["favourites_count", "favorites_count"] = "favourites_count"
    zero_cursor: Literal["beginning", "time"] = "beginning"
    nul_in_text: bool = False
    playlist_fails: bool = False
    shop_error: bool = False
    followers_stop: int = 5_000
    comments_stop: int = 1_000
    task_takes: timedelta = timedelta(0)
    plain_text_bodies: bool = True
    null_cursor: Literal["absent", "refused"] = "absent"
    shop_id_as_text: Literal["accepted", "refused"] = "accepted"
    adlib_has_more: Literal["text", "boolean"] = "text"
    adlib_page: int = 10


Rotation = Literal["strict", "grace", "none"]
OAuthErrorStatus = Literal[200, 400, 401]
MissingScopeStyle = Literal["401", "400"]


@frozen(slots=True, kw_only=True)
class Quirks:
    """How the emulator behaves where TikTok's pages disagree, say nothing, or differ from live replies.

    The defaults follow the newest page, and the stricter reading where no page says anything.

    Attributes:
        access_lifetime: Lifetime of a user's access token and of a client token (newest page: 2 h; older: 24 h).
        refresh_lifetime: Lifetime of a refresh token (newest page: 180 days; older: 365).
        rotation: `strict`: a refresh token works once. `grace`: it still works for *rotation_grace*.
            `none`: a refresh returns the same refresh token, as the older pages allowed.
        rotation_grace: How long a rotated refresh token still works with `grace`.
        refresh_lifetime_restarts: Whether a new refresh token is valid for *refresh_lifetime* from now, or only
            as long as the first one.
        refresh_expires_in_as_text: Send `refresh_expires_in` as a string.
        refresh_ends_access: Whether a refresh makes older access tokens invalid.
        code_lifetime: Lifetime of an authorization code, which works once.
        oauth_error_status: The HTTP status of OAuth errors; only their body is documented.
        oauth_log_id: Whether the body of an OAuth error has a `log_id`.
        form_charset: Whether the content type of a form may have a charset.
        token_reply: The format of the token reply; `v1` is the retired one.
        revoke_reply: The body of a successful revocation.
        authorize_slash: Whether the URL of the consent page needs its last slash; the documents have the slash,
            several clients leave it out.
        challenge_form: The form of a code challenge: hex, as on TikTok's desktop page, or base64url, as in RFC 7636.
        web_challenge: What happens to a code challenge of another form, with an https redirect URI. The desktop
            page requires hex, the web page has no challenge, and one client sends base64url up to the code exchange.
        basic_scope: Whether `user.info.basic` is granted only if requested, or with every login. The table of
            fields and scopes says the first; a client that never requests it expects the second.
        loopback_needs_pkce: Whether a redirect URI on loopback needs a code challenge.
        sandbox: Refuse users who were not added with `sandbox_target=True`.
        missing_scope_style: The error for a field without its scope: 401 `scope_not_authorized` or 400
            `scope_permission_missed`.
        unknown_fields: Whether an unknown name in `fields` is an error or ignored.
        fields_required: Whether `/v2/user/info/` without `fields` is refused; the mini-games guide omits them.
        absent_values: Whether a value that the user never set is left out, or `null`.
        short_pages: Whether lists have short and even empty pages with `has_more`, as after moderation.
        cursor_stands_still: Whether `/v2/video/list/` returns the requested cursor again, with `has_more`.
        end_cursor: The `cursor` together with `has_more: false`.
        query_has_cursor: Whether `/v2/video/query/` returns `cursor` and `has_more` too.
        retry_after: Whether a 429 carries `Retry-After`.
        window_by: Which calls share a window: those of one access token, or those of one user with any token.
        refused_count: Whether a call refused with 429 counts in the window as well.
        error_data: The value of `data` in an error.
        ok_message: `error.message` of a success.
        log_id_key: The key of the log id in `error`.
        qr_confirmed: The form of a confirmed QR login.
        qr_lifetime: How long a QR code can be scanned.
        posting: The quirks of Content Posting.
        research: The quirks of the Research API.
        portability: The quirks of Data Portability.
        webhooks_signed_anew: Whether a repeated webhook has a new time and signature.
        minis_user: Whether webhooks of mini games name the user, or `user_openid` is empty, as in the samples.
        video_event_id: The id in the samples of `video.upload.failed` and `video.publish.completed`: of a Video Kit
            share or of a post.
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
    oauth_log_id: bool = True
    form_charset: Literal["refused", "accepted"] = "refused"
    token_reply: Literal["v2", "v1"] = "v2"  # noqa: S105 - a shape, not a secret
    revoke_reply: Literal["{}", ""] = "{}"
    authorize_slash: Literal["optional", "required"] = "optional"
    challenge_form: Literal["hex", "base64url"] = "hex"
    web_challenge: Literal["refused_at_exchange", "refused", "ignored"] = "refused_at_exchange"
    basic_scope: Literal["asked", "always"] = "asked"
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
    minis_user: Literal["named", "empty"] = "named"
    video_event_id: Literal["share_id", "publish_id"] = "share_id"
