"""Reading TikTok's status of a post in all its forms.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
"""

from typing import Any, cast

from attrs import frozen

from tiktok_async._decoding.answers import read
from tiktok_async.errors import InvalidParams, PublishFailed
from tiktok_async.models import Endpoint, FailReason, PublishState, PublishStatus
from tiktok_async.models._http import Response
from tiktok_async.models._posting import FAIL_RULES, UNKNOWN_FAIL
from tiktok_async.models._wire import WireModel

__all__ = ["failure_of", "is_unknown_id", "read_status"]

# TikTok's spelling, and the one it may change to.
_IDS = "publicaly_available_post_id"
_IDS_MENDED = "publicly_available_post_id"
_MOST_DIGITS = 20
# https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
_PHOTOS = "p_"


@frozen(kw_only=True)
class _Status(WireModel):
    status: PublishState | str


def read_status(response: Response, *, open_id: str) -> PublishStatus:
    """Read the answer to a status call.

    The state is required. The other fields are read as far as possible: a strange field must not hide the result of a
    post.

    Raises:
        ServerError: It holds no state.
    """
    data: Any = response.data
    fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    status = read(response, {"status": fields.get("status")}, _Status, endpoint=Endpoint.STATUS_FETCH, open_id=open_id)
    return PublishStatus(
        state=status.status,
        fail_reason=_reason(fields.get("fail_reason")),
        post_ids=_ids(fields.get(_IDS, fields.get(_IDS_MENDED))),
        uploaded_bytes=_count(fields.get("uploaded_bytes")),
        downloaded_bytes=_count(fields.get("downloaded_bytes")),
        log_id=response.log_id,
    )


def failure_of(publish_id: str, status: PublishStatus) -> PublishFailed:
    """Return the error for a failed post."""
    reason = str(status.fail_reason or "no reason given")
    rule = FAIL_RULES.get(reason, UNKNOWN_FAIL)
    advice = (rule.photos if publish_id.startswith(_PHOTOS) else None) or rule.advice
    return PublishFailed(reason, publish_id=publish_id, retryable=rule.retryable, advice=advice, log_id=status.log_id)


def is_unknown_id(error: InvalidParams) -> bool:
    """Return whether TikTok does not know the publish_id, as may be for a moment after an init."""
    return error.code == "invalid_publish_id" or "invalid_publish_id" in error.message


def _reason(value: object) -> FailReason | str | None:
    if not isinstance(value, str):
        # Not text, but useful for a question to TikTok's support.
        return str(value) if type(value) is int else None
    return FailReason(value) if value in set(FailReason) else value or None


def _ids(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any JSON value
    several: list[Any] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]  # JSON
    # A post that is not public yet has no id; answers show that by a missing field, null, "" or 0.
    return tuple(str(one) for one in several if type(one) in {int, str} and one not in {"", 0, "0"})


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value if type(value) is int else None
