"""The emulator's replies: TikTok's three formats, and log ids.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import Factory, frozen

from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.quirks import Quirks

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

# https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
_STATUS = {
    "access_token_invalid": 401,
    "scope_not_authorized": 401,
    "scope_permission_missed": 400,
    "invalid_params": 400,
    "invalid_file_upload": 400,
    "rate_limit_exceeded": 429,
    "internal_error": 500,
}


@frozen(slots=True)
class Reply:
    """One HTTP answer.

    Attributes:
        status: HTTP status.
        body: The bytes of the body.
        content_type: The `Content-Type` header.
        headers: The other headers.
    """

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = Factory(dict[str, str])


class Replies:
    """Makes replies according to the quirks; each has its own log id."""

    def __init__(self, quirks: Quirks, clock: MovableClock) -> None:
        self.quirks = quirks
        self._clock = clock
        self._count = 0
        self._stamp = (0, "")

    def log_id(self) -> str:
        """Return a new log id: the time to the second, then 20 hex digits."""
        second = int(self._clock.timestamp())
        if self._stamp[0] != second:
            self._stamp = (second, datetime.fromtimestamp(second, UTC).strftime("%Y%m%d%H%M%S"))
        self._count += 1
        return f"{self._stamp[1]}{self._count:020X}"

    def ok(self, data: Any, *, message: str | None = None, extra: Mapping[str, Any] | None = None) -> Reply:  # noqa: ANN401 - any JSON
        """Return a success in the REST envelope.

        Args:
            data: The value of `data`; `None` leaves the key out, as the cancel endpoints do.
            message: The value of `error.message`, which some products set.
            extra: Additional members of `error`, which some products have.
        """
        error = {
            "code": "ok",
            "message": self.quirks.ok_message if message is None else message,
            self.quirks.log_id_key: self.log_id(),
            **(extra or {}),
        }
        return Reply(200, orjson.dumps({"error": error} if data is None else {"data": data, "error": error}))

    def error(
        self, code: str, message: str = "", *, status: int | None = None, extra: Mapping[str, Any] | None = None
    ) -> Reply:
        """Return an error in the REST envelope; the default of *status* depends on *code*."""
        status = _STATUS.get(code, 400) if status is None else status
        error = {"code": code, "message": message, self.quirks.log_id_key: self.log_id(), **(extra or {})}
        body = {"error": error} if self.quirks.error_data == "absent" else {"data": {}, "error": error}
        return Reply(status, orjson.dumps(body))

    def oauth(self, body: Mapping[str, Any]) -> Reply:
        """Return a success of the OAuth endpoints, which use no envelope."""
        return Reply(200, orjson.dumps(body), headers={"Cache-Control": "no-store"})

    def oauth_error(self, error: str, description: str, *, status: int | None = None) -> Reply:
        """Return the flat error of the OAuth endpoints.

        Source: https://developers.tiktok.com/doc/oauth-error-handling
        """
        body = {"error": error, "error_description": description}
        if self.quirks.oauth_log_id:
            body["log_id"] = self.log_id()
        return Reply(self.quirks.oauth_error_status if status is None else status, orjson.dumps(body))
