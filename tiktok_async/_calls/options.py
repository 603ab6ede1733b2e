"""Settings for some calls, in place of the session's."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from attrs import frozen

from tiktok_async._http.transport import client_timeout
from tiktok_async.models import RetryPolicy
from tiktok_async.models._checks import Checks, Duration

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

__all__ = ["CallOptions"]


@frozen(slots=True, kw_only=True)
class CallOptions:
    """The settings that differ from the session's; `None` for one that does not.

    Attributes:
        timeout: For each request.
        retry: Attempts, backoff and deadline.
        max_rate_limit_wait: The longest wait for a slot.
    """

    timeout: "ClientTimeout | None"
    retry: RetryPolicy | None
    max_rate_limit_wait: timedelta | None

    @classmethod
    def of(
        cls,
        *,
        timeout: "ClientTimeout | Duration | None",
        retry: RetryPolicy | None,
        max_rate_limit_wait: Duration | None,
        checks: Checks | None = None,
    ) -> Self:
        """Check the settings that a user gave; problems are reported together with those already in *checks*.

        Raises:
            ConfigurationError: A setting is invalid; `.problems` names each one.
        """
        checks = checks or Checks()
        if retry is not None and not isinstance(retry, RetryPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            checks.add(f"retry is a {type(retry).__name__}, not a RetryPolicy(attempts=...)")
        options = cls(
            timeout=client_timeout(checks, timeout),
            retry=retry,
            max_rate_limit_wait=checks.duration("max_rate_limit_wait", max_rate_limit_wait),
        )
        checks.refuse("These options cannot be used")
        return options
