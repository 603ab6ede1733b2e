"""The limit of a call: the documented one, one granted to the app, or one granted for one account."""

from collections.abc import Callable, Mapping

from tiktok_async._calls.rules.endpoints import EndpointSpec
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Endpoint, Limit

# The key type of a mapping is invariant, so a mapping by endpoint alone needs a type of its own.
LimitsMapping = Mapping[Endpoint | tuple[Endpoint, str], Limit] | Mapping[Endpoint, Limit]


def limits_for(overrides: LimitsMapping) -> Callable[[EndpointSpec, str], Limit | None]:
    """Return a function that gives the limit for a row of the endpoint table and an open_id.

    Args:
        overrides: Limits that TikTok granted, by endpoint, or by endpoint and open_id for one account's.

    Raises:
        ConfigurationError: A key is no endpoint, or a value is no `Limit`.
    """
    by_path: dict[str, Limit] = {}
    by_account: dict[tuple[str, str], Limit] = {}
    for key, limit in overrides.items():
        if not isinstance(limit, Limit):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            msg = f"`limits` maps an Endpoint to a Limit, such as Limit(600, timedelta(minutes=1)), not to {limit!r}."
            raise ConfigurationError(msg)
        if isinstance(key, Endpoint):
            by_path[key.path] = limit
        elif _is_pair(key):
            by_account[key[0].path, key[1]] = limit
        else:
            msg = f"`limits` is keyed by Endpoint, or by (Endpoint, open_id), not by {key!r}."
            raise ConfigurationError(msg)

    def limit_for(spec: EndpointSpec, open_id: str) -> Limit | None:
        if by_account and (raised := by_account.get((spec.path, open_id))) is not None:
            return raised
        return by_path.get(spec.path, spec.limit)

    return limit_for


def _is_pair(key: object) -> bool:
    match key:
        case (Endpoint(), str()):
            return True
        case _:
            return False
