"""Reading TikTok's word on a post, in all the shapes it comes in.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
"""

from typing import Any, cast

from attrs import frozen

from tiktok_async._decoding.answers import read
from tiktok_async.errors import InvalidParams, PublishFailed
from tiktok_async.models import Endpoint, FailReason, PublishState, PublishStatus
from tiktok_async.models._http import Response
from tiktok_async.models._posting import FAIL_RULES, UNKNOWN_FAIL
from tiktok_async.models._wire import WireModel, identifier

__all__ = ["failure_of", "is_unknown_id", "read_status"]

# TikTok's spelling, and the one it may change to.
_IDS = "publicaly_available_post_id"
_IDS_MENDED = "publicly_available_post_id"


@frozen(kw_only=True)
class _Status(WireModel):
    status: PublishState | str
    fail_reason: FailReason | str | None = None
    post_ids: tuple[str, ...] = identifier(default=(), name=_IDS)
    uploaded_bytes: int | None = None
    downloaded_bytes: int | None = None


def read_status(response: Response, *, open_id: str) -> PublishStatus:
    """Read the answer to a status call.

    Raises:
        ServerError: It is not of the documented form.
    """
    data: Any = response.data
    if isinstance(data, dict):
        data = {**cast("dict[str, Any]", data)}
        data[_IDS] = _as_list(data.get(_IDS, data.get(_IDS_MENDED)))
    status = read(response, data, _Status, endpoint=Endpoint.STATUS_FETCH, open_id=open_id)
    return PublishStatus(
        state=status.status,
        fail_reason=status.fail_reason or None,
        post_ids=status.post_ids,
        uploaded_bytes=status.uploaded_bytes,
        downloaded_bytes=status.downloaded_bytes,
        log_id=response.log_id,
    )


def failure_of(publish_id: str, status: PublishStatus) -> PublishFailed:
    """Return the error that a failed post is."""
    reason = str(status.fail_reason or "no reason given")
    rule = FAIL_RULES.get(reason, UNKNOWN_FAIL)
    return PublishFailed(
        reason, publish_id=publish_id, retryable=rule.retryable, advice=rule.advice, log_id=status.log_id
    )


def is_unknown_id(error: InvalidParams) -> bool:
    """Return whether TikTok does not know the publish_id, which it may say for a moment after an init."""
    return error.code == "invalid_publish_id" or "invalid_publish_id" in error.message


def _as_list(ids: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    several: list[Any] = ids if isinstance(ids, list) else [ids]  # pyright: ignore[reportUnknownVariableType]  # JSON
    # A post that is not public yet has no id; some answers say so with nothing, null, "" or 0.
    return [one for one in several if one not in (None, "", 0, "0")]
