"""The coverage table: every endpoint of TikTok's API, from the table that the code works by."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from tiktok_async._calls.rules.endpoints import ENDPOINTS, Auth, EndpointSpec, Repeatable
from tiktok_async.models import Endpoint, Limit

METHODS = Path(__file__).parent / "methods.toml"

AREAS = (
    ("Login", ("TOKEN", "REVOKE", "QRCODE")),
    ("Display", ("USER_INFO", "VIDEO_LIST", "VIDEO_QUERY")),
    ("Content Posting", ("CREATOR_INFO", "VIDEO_INIT", "INBOX_INIT", "CONTENT_INIT", "STATUS_FETCH", "PUBLISH")),
    ("Commercial Content", ("RESEARCH_ADLIB",)),
    ("Research", ("RESEARCH",)),
    ("Data Portability", ("PORTABILITY",)),
)

_INTRO = """
Every documented endpoint of the v2 API, {count} of them, each with TikTok's page and, below it, the method that calls
it here. The rows come from the same table that the code works by.

- **Scope**: what the user, or the app, has to have been granted. One of several is enough.
- **Limit**: what TikTok documents, and what the [limiter](limits.md) keeps.
- **Repeated**: *reads* are sent again after a lost connection, a 5xx and a 429; *if unsent* is sent again only if it
  provably did not arrive, or was refused with a 429.
""".lstrip()

_LEFT_OUT = """
## What is left out

Any other endpoint can be called with [`session.request`](reference/session.md), through the same tokens, retries and
errors. These families of TikTok's are out of scope here; most of them are on the same host:

| Family | Paths | Token | How |
|---|---|---|---|
{rows}

The numeric codes of payments and subscriptions are [known errors](errors/ApiError.md), with what to do. Their webhooks
are [typed](webhooks.md#orders-of-a-mini-game). The login of mini games is covered: `session.oauth.exchange(code)`.
A POST of these families is sent again only if it certainly did not arrive. After a `ServerError`, or a
`TransportError` whose `.sent` is true, query the order before you create another one.
""".lstrip()

_FAMILIES = (
    (
        "[Payments](https://developers.tiktok.com/doc/minis-payment-apis) of mini games and mini apps",
        "`/v2/minis/trade_order/...`, `/v2/minis/utility/...`",
        "the user's",
        '`session.request("POST", path, open_id=..., json=...)`',
    ),
    (
        "[Subscriptions](https://developers.tiktok.com/doc/minis-subscription-apis) of mini apps",
        "`/v2/minis/subscription/...`",
        "the user's",
        "the same",
    ),
    (
        "[Media Asset API](https://developers.tiktok.com/doc/media-asset-api-reference) of mini dramas",
        "`/v2/sg/shortdrama/...`",
        "the app's",
        "`session.request(method, path, client=True, headers=...)`, headers `client-key`, `Idempotency-Key`",
    ),
    ("TikTok GO: local services, scopes `local.*`", "as its pages say", "the user's", "as for payments"),
    ("The Business and Ads APIs", "on other hosts", "their own", "not with this library"),
)


def methods() -> Mapping[str, Mapping[str, str]]:
    """Return what calls each endpoint here, and which test shows it, by the endpoint's name."""
    return tomllib.loads(METHODS.read_text(encoding="utf-8"))


def coverage() -> str:
    """Return the table of the whole API."""
    left = list(ENDPOINTS.items())
    parts = [
        "# Coverage of TikTok's API\n",
        _INTRO.format(count=len(ENDPOINTS)),
    ]
    for area, starts in AREAS:
        rows = [(endpoint, spec) for endpoint, spec in left if endpoint.name.startswith(starts)]
        left = [row for row in left if row not in rows]
        parts.append(f"## {area}\n")
        parts.append("| Endpoint, and here | Scope | Limit | Repeated | Test |\n|---|---|---|---|---|")
        parts += [_row(endpoint, spec) for endpoint, spec in rows]
        parts.append("")
    if left:
        raise ValueError(f"no area for {left}")
    parts.append(_LEFT_OUT.format(rows="\n".join(f"| {' | '.join(cells)} |" for cells in _FAMILIES)))
    return "\n".join(parts)


def _row(endpoint: Endpoint, spec: EndpointSpec) -> str:
    known = methods()[endpoint.name]
    cells = (
        f"[{spec.method} `{spec.path}`]({spec.docs})<br>`{known['method']}`",
        _scopes(spec),
        _limit(spec.limit),
        "reads" if spec.repeatable is Repeatable.ALWAYS else "if unsent",
        f"`{known['test'].removeprefix('tests/')}`",
    )
    return f"| {' | '.join(cells)} |"


def _scopes(spec: EndpointSpec) -> str:
    if spec.scopes:
        return " or ".join(f"`{scope}`" for scope in sorted(spec.scopes))
    return (
        "none: the app's secret"
        if spec.auth is Auth.APP
        else "by fields"
        if spec.path.startswith("/v2/user/info")
        else "by categories"
    )


def _limit(limit: Limit | None) -> str:
    if limit is None:
        return "not documented"
    return f"{limit.count:,} a {'minute' if limit.per == timedelta(minutes=1) else 'day'}"
