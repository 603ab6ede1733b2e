"""Rules for webhooks: verifying a delivery, and reading its event. Bytes and a time in, an event or an error out.

Sources: https://developers.tiktok.com/doc/webhooks-verification
and https://developers.tiktok.com/doc/webhooks-events
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import orjson

from tiktok_async.errors import SignatureMismatch, TimestampOutsideTolerance, WebhookError, WrongApp, printable, scrub
from tiktok_async.models import Secret
from tiktok_async.models._posting import FailReason
from tiktok_async.models._webhooks import (
    AuthorizationRemoved,
    PortabilityDownloadReady,
    PostInboxDelivered,
    PostNoLongerPubliclyAvailable,
    PostPubliclyAvailable,
    PostPublishComplete,
    PostPublishFailed,
    RemovalReason,
    SubscriptionEvent,
    TradeOrderPaid,
    TradeOrderRecovered,
    TradeOrderRefunded,
    TradeOrderRefundFailed,
    UnknownEvent,
    VideoPublishCompleted,
    VideoUploadFailed,
    WebhookEvent,
    WebhookName,
)

__all__ = ["HEADER", "MAX_BODY", "header_text", "parse_event", "sign", "verify"]

HEADER = "TikTok-Signature"
"""The header of the signature; the case of header names does not matter."""

MAX_BODY = 256 * 1024
"""The most bytes of an accepted delivery; TikTok's have a few hundred."""

_LONGEST_HEADER = 1024
_MOST_SIGNATURES = 8
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REASON = re.compile(r"-?[0-9]{1,9}")
_AMOUNT = re.compile(r"-?[0-9]{1,18}")
_SHOWN = 64


def sign(body: bytes, at: int, secret: Secret) -> str:
    """Return the signature header for *body*.

    Args:
        body: The bytes that are sent.
        at: Unix seconds.
        secret: The app's secret.
    """
    return f"t={at},s={_digest(body, str(at), secret)}"


def header_text(signature: object) -> str:
    """Return the signature header as text, from text or bytes; anything else counts as no header.

    Args:
        signature: The header from the server, or `None`.
    """
    if isinstance(signature, memoryview):
        return signature.tobytes().decode("latin-1")
    if isinstance(signature, bytes | bytearray):
        return signature.decode("latin-1")
    return signature if isinstance(signature, str) else ""


def verify(body: bytes, signature: str, *, secrets: Iterable[Secret], now: datetime, tolerance: timedelta) -> int:
    """Return the time at which a delivery was signed, in Unix seconds, if it is from TikTok and recent.

    Args:
        body: The bytes as they were received.
        signature: The header.
        secrets: The app's secrets, more than one while the secret is being replaced.
        now: The time (UTC).
        tolerance: The greatest difference between the signature's time and *now*, in either direction.

    Raises:
        SignatureMismatch: It is not signed with one of *secrets*, or not in the documented form.
        TimestampOutsideTolerance: It was signed too long ago or too far in the future.
        WebhookError: It is too large.
    """
    if len(body) > MAX_BODY:
        msg = f"The delivery has {len(body)} bytes; TikTok's have a few hundred; more than {MAX_BODY} are refused."
        raise WebhookError(msg)
    timestamp, digests = _read_header(signature)
    matches = False
    for secret in secrets:
        expected = _digest(body, timestamp, secret)
        for digest in digests:
            # Each one is compared completely, so that the time does not depend on the result.
            matches |= hmac.compare_digest(expected, digest)
    if not matches:
        msg = "The delivery is not signed with this app's secret over these bytes. Give `parse` the body as received."
        raise SignatureMismatch(msg)
    signed_at = int(timestamp)
    off = now.timestamp() - signed_at
    if abs(off) > tolerance.total_seconds():
        where = "ago" if off > 0 else "in the future"
        msg = (
            f"The delivery was signed {abs(off):.0f} s {where}, which is over {tolerance.total_seconds():.0f} s. "
            "It is a repeated old delivery, or a clock is wrong."
        )
        raise TimestampOutsideTolerance(msg)
    return signed_at


def parse_event(body: bytes, *, client_key: str, signed_at: int) -> WebhookEvent:
    """Read a verified delivery.

    Args:
        body: The bytes as they were received.
        client_key: The app.
        signed_at: The time at which it was signed, in Unix seconds, used if `create_time` is missing.

    Returns:
        The event. One that is unknown, or lacks a required field, is an `UnknownEvent` and not an error, since TikTok
        would send it again for 72 hours.

    Raises:
        WrongApp: It is for another app.
        WebhookError: It is not a JSON object with a name.
    """
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise WebhookError("The delivery is signed, but it is not a JSON object.")
    raw = cast("dict[str, Any]", found)
    if raw.get("client_key") != client_key:
        other = printable(scrub(str(raw.get("client_key"))))[:_SHOWN]
        raise WrongApp(f"The delivery is for app {other}, not for {client_key}. Check which URL each app has.")
    name = _text(raw.get("event"))
    if name is None:
        raise WebhookError("The delivery is signed, but it names no event.")
    content = _content(raw.get("content"))
    common: dict[str, Any] = {
        "name": name,
        "client_key": client_key,
        "create_time": _moment(raw.get("create_time")) or _moment(signed_at),
        "open_id": _text(raw.get("user_openid")),
        "content": content,
        "raw": raw,
    }
    kind = _KINDS.get(name)
    if kind is not None:
        cls, read = kind
        values = read(content)
        if values is not None:
            return cls(**common, **values)
    return UnknownEvent(**common)


def _digest(body: bytes, timestamp: str, secret: Secret) -> str:
    # https://developers.tiktok.com/doc/webhooks-verification
    signer = hmac.new(secret.reveal().encode(), timestamp.encode() + b".", hashlib.sha256)
    signer.update(body)
    return signer.hexdigest()


def _read_header(header: str) -> tuple[str, list[str]]:
    stamps: list[str] = []
    digests: list[str] = []
    if 0 < len(header) <= _LONGEST_HEADER:
        for part in header.split(","):
            # Proxies may join a header's parts with spaces.
            key, _, value = part.strip(" \t").partition("=")
            if key == "t":
                stamps.append(value)
            elif key == "s":
                digests.append(value)
    good = (
        len(stamps) == 1
        and _TIMESTAMP.fullmatch(stamps[0]) is not None
        and 0 < len(digests) <= _MOST_SIGNATURES
        and all(_DIGEST.fullmatch(digest) for digest in digests)
    )
    if not good:
        msg = f"The {HEADER} header is missing or not of the form t=<seconds>,s=<64 hex digits>."
        raise SignatureMismatch(msg)
    return stamps[0], digests


def _content(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Decode the JSON inside the string once; an object is returned unchanged."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return an id or a name as text, from a string or a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:  # noqa: ANN401 - any JSON value
    text = _text(value)
    try:
        return None if text is None else datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


_Content = Mapping[str, Any]
_Values = dict[str, Any] | None


def _removal(content: _Content) -> _Values:
    # The grant has ended for any reason: the token is deleted even if the reason cannot be read.
    text = _text(content.get("reason")) or ""
    reason = int(text) if _REASON.fullmatch(text) else 0
    return {"reason": RemovalReason(reason) if reason in list(RemovalReason) else reason}


def _one_id(key: str, content: _Content) -> _Values:
    text = _text(content.get(key))
    return None if text is None else {key: text}


def _video(content: _Content) -> _Values:
    # One page ties these events to Video Kit, another to Content Posting.
    share_id, publish_id = _text(content.get("share_id")), _text(content.get("publish_id"))
    return {"share_id": share_id, "publish_id": publish_id} if share_id or publish_id else None


def _post(content: _Content) -> _Values:
    publish_id = _text(content.get("publish_id"))
    if publish_id is None:
        return None
    return {"publish_id": publish_id, "publish_type": _text(content.get("publish_type"))}


def _failed_post(content: _Content) -> _Values:
    values = _post(content)
    if values is not None:
        # Documented as `reason`; TikTok has also sent `fail_reason`, the name in the status call.
        reason = _text(content.get("reason")) or _text(content.get("fail_reason"))
        values["reason"] = FailReason(reason) if reason in list(FailReason) else reason
    return values


def _public_post(content: _Content) -> _Values:
    values, post_id = _post(content), _text(content.get("post_id"))
    if values is None or post_id is None:
        return None
    return {**values, "post_id": post_id}


def _flag(value: Any) -> bool | None:  # noqa: ANN401 - any JSON value
    """Return whether something is so; TikTok prints some booleans as strings."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _subscription(content: _Content) -> _Values:
    return {
        "trade_order_id": _text(content.get("trade_order_id")),
        "order_id": _text(content.get("order_id")),
        "is_sandbox": _flag(content.get("is_sandbox")),
    }


def _order(content: _Content) -> _Values:
    # Without TikTok's id, an order could be delivered twice.
    return None if _text(content.get("trade_order_id")) is None else _subscription(content)


def _refund(content: _Content) -> _Values:
    values = _order(content)
    if values is not None:
        text = _text(content.get("refund_amount")) or ""
        values["refund_amount"] = int(text) if _AMOUNT.fullmatch(text) else None
    return values


_KINDS: Mapping[str, tuple[type[WebhookEvent], Callable[[_Content], _Values]]] = {
    WebhookName.AUTHORIZATION_REMOVED: (AuthorizationRemoved, _removal),
    WebhookName.VIDEO_UPLOAD_FAILED: (VideoUploadFailed, _video),
    WebhookName.VIDEO_PUBLISH_COMPLETED: (VideoPublishCompleted, _video),
    WebhookName.PORTABILITY_DOWNLOAD_READY: (PortabilityDownloadReady, partial(_one_id, "request_id")),
    WebhookName.POST_PUBLISH_FAILED: (PostPublishFailed, _failed_post),
    WebhookName.POST_PUBLISH_COMPLETE: (PostPublishComplete, _post),
    WebhookName.POST_INBOX_DELIVERED: (PostInboxDelivered, _post),
    WebhookName.POST_PUBLICLY_AVAILABLE: (PostPubliclyAvailable, _public_post),
    WebhookName.POST_NO_LONGER_PUBLICLY_AVAILABLE: (PostNoLongerPubliclyAvailable, _public_post),
    WebhookName.TRADE_ORDER_PAID: (TradeOrderPaid, _order),
    WebhookName.TRADE_ORDER_REFUNDED: (TradeOrderRefunded, _refund),
    WebhookName.TRADE_ORDER_REFUND_FAILED: (TradeOrderRefundFailed, _order),
    WebhookName.TRADE_ORDER_RECOVERED: (TradeOrderRecovered, _refund),
    WebhookName.SUBSCRIPTION_CREATED: (SubscriptionEvent, _subscription),
    WebhookName.SUBSCRIPTION_RENEWED: (SubscriptionEvent, _subscription),
    WebhookName.SUBSCRIPTION_REACTIVATED: (SubscriptionEvent, _subscription),
    WebhookName.SUBSCRIPTION_ON_HOLD: (SubscriptionEvent, _subscription),
    WebhookName.SUBSCRIPTION_EXPIRED: (SubscriptionEvent, _subscription),
    WebhookName.SUBSCRIPTION_CANCELLED: (SubscriptionEvent, _subscription),
    # The correct spelling, in case TikTok corrects its own.
    "post.publish.publicaly_available": (PostPubliclyAvailable, _public_post),
    "post.publish.no_longer_publicly_available": (PostNoLongerPubliclyAvailable, _public_post),
}
