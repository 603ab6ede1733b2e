"""What TikTok's posting pages dispute or leave open, as one set of switches."""

from datetime import timedelta
from typing import Literal

from attrs import field, frozen, validators

from tiktok_async.emulator._posting_rules import Megabyte


@frozen(slots=True, kw_only=True)
class PostingQuirks:
    """How publishing behaves where TikTok's pages disagree or are silent.

    Attributes:
        audited: Whether the app passed TikTok's audit. One that did not posts only `SELF_ONLY`, only to private
            accounts, and for at most five users a day.
        active_user_cap: How many users may post directly in 24 h; `None`: five if not audited, else no cap.
        posts_a_day: Direct posts of one creator in 24 h; `None`: no cap.
        pending_drafts: Drafts of one creator in 24 h that they did not post yet; `None`: no cap.
        bad_param_code: The code of a bad field: what live replies say, or what the posting pages print.
        megabyte: How "MB" is read in the chunk rules.
        options_while_unaudited: What `creator_info` offers to an app without audit.
        creator_info_by_upload: Whether `video.upload` is enough for `creator_info`.
        branded_self_only: What becomes of branded content that only its author may see; the page forbids it to
            the app's interface and says nothing of the API.
        upload_path: The path of an `upload_url`; both are always served.
        upload_life: How long it works.
        upload_range: The upper bound in the PUT reply's `Content-Range`: the last index or the count.
        upload_done: The status of the PUT that completes the file.
        torn_chunk: What becomes of the bytes of a PUT that ended early.
        chunk_again: The answer to a chunk that was accepted before.
        unknown_id_polls: How many times a fresh `publish_id` is called invalid.
        post_id_shape: The form of `publicaly_available_post_id`.
        webhook_post_id: The type of `post_id` in webhooks.
    """

    audited: bool = True
    active_user_cap: int | None = None
    posts_a_day: int | None = 15
    pending_drafts: int | None = 5
    bad_param_code: Literal["invalid_params", "invalid_param"] = "invalid_params"
    megabyte: Megabyte = field(default=Megabyte.EITHER, converter=Megabyte)
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
