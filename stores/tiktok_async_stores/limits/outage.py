"""The behaviour of a shared limiter while its server is down: its options, and the share of a limit."""

from collections.abc import Mapping
from typing import Literal, cast

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Limit, WindowKind

OnOutage = Literal["fail", "local"]


OPTIONS = ("on_outage", "share")
"""The options of a limiter's URL in addition to those of a store's."""


def from_options(
    options: Mapping[str, str], on_outage: OnOutage | None, share: float | None
) -> tuple[OnOutage | None, float | None]:
    """Return `on_outage` and `share` from the arguments, or else from the URL's *options*.

    Raises:
        ConfigurationError: The URL's share is not a number.
    """
    if share is None and "share" in options:
        try:
            share = float(options["share"])
        except ValueError:
            raise ConfigurationError("share in the limiter's URL must be a number such as 0.25.") from None
    return on_outage or cast("OnOutage | None", options.get("on_outage")), share


def check_outage(on_outage: str | None, share: float | None) -> None:
    """Refuse invalid options.

    Raises:
        ConfigurationError: *on_outage* is unknown, or the share is missing, not needed or out of range.
    """
    if on_outage not in {None, "fail", "local"}:
        raise ConfigurationError(f"on_outage must be 'fail' or 'local', not {on_outage!r}.")
    if (on_outage == "local") != (share is not None) or (share is not None and not 0 < share <= 1):
        raise ConfigurationError(
            "on_outage='local' needs a share, and nothing else takes one: the part of each limit that this process may "
            "use alone, above 0 and at most 1, such as 0.25 with four processes."
        )


def part(limit: Limit, share: float) -> Limit:
    """Return *share* of *limit*.

    Example:
        >>> from datetime import timedelta
        >>> part(Limit(600, timedelta(minutes=1)), 0.25).count
        150
    """
    calls = limit.count * share
    # Less than one call in a window becomes one call in a longer window; a day cannot be longer.
    per = limit.per if calls >= 1 or limit.kind is WindowKind.UTC_DAY else limit.per / calls
    return Limit(max(1, int(calls)), per, kind=limit.kind)
