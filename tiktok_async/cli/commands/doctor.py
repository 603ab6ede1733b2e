"""`tiktok-async doctor`."""

import logging
from typing import TYPE_CHECKING, Annotated

from attrs import asdict
from cyclopts import Parameter

from tiktok_async.cli._output import Header, Json, write_json, write_table
from tiktok_async.cli._session import DEFAULTS, Options, store_url
from tiktok_async.errors import ConfigurationError, TikTokError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tiktok_async.cli.checks.finding import Finding

_STYLES = {"ok": "green", "doubtful": "yellow", "dangerous": "bold red"}
_COLUMNS = ("subject", "level", "what", "advice")


async def command(
    *,
    redirect_uri: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    pull_url: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    scopes: str = "",
    json: Json = False,
    header: Header = False,
    options: Options = DEFAULTS,
) -> None:
    """Find problems and risks for tokens: keys, redirect URIs, pull URLs, store, clock, scopes.

    Nothing is changed, and no token is used. The exit code is 1 if something is dangerous.

    Args:
        redirect_uri: A redirect URI of the app; may be repeated.
        pull_url: A URL that TikTok should fetch a video or a photo from; its first bytes are fetched. May be repeated.
        scopes: The scopes that the app uses, separated by commas; they are compared with the granted scopes.
        json: Write one JSON document on a line.
        header: Write the headings in a pipe, too.
        options: The session's options.
    """
    # The findings already include the store's warnings.
    logging.getLogger("tiktok_async.stores").disabled = True
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    findings = [finding async for finding in _look(redirect_uri, pull_url, wanted, options)]
    if json:
        for finding in findings:
            write_json(asdict(finding))
    else:
        rows = [[getattr(finding, name) for name in _COLUMNS] for finding in findings]
        write_table(_COLUMNS, rows, header=header, styles=_STYLES)
    dangerous = sum(finding.level == "dangerous" for finding in findings)
    if dangerous:
        raise TikTokError(f"{dangerous} of {len(findings)} findings {'is' if dangerous == 1 else 'are'} dangerous.")


async def _look(
    redirect_uris: tuple[str, ...], pull_urls: tuple[str, ...], scopes: list[str], options: Options
) -> "AsyncGenerator[Finding]":
    # Loaded only here, so `--help` is fast.
    from tiktok_async.cli.checks.clock import check_clock
    from tiktok_async.cli.checks.finding import Finding, Level
    from tiktok_async.cli.checks.keys import check_keys
    from tiktok_async.cli.checks.pull_urls import check_pull_urls
    from tiktok_async.cli.checks.redirects import check_redirects
    from tiktok_async.cli.checks.store import check_store
    from tiktok_async.session import BASE_URL

    for finding in [*check_keys(options.client_key, options.client_secret), *check_redirects(redirect_uris)]:
        yield finding
    async for finding in check_pull_urls(pull_urls):
        yield finding
    async for finding in check_clock(options.base_url or BASE_URL):
        yield finding
    try:
        url = store_url(options.store)
    except ConfigurationError as error:
        yield Finding("store", Level.DANGEROUS, str(error))
        return
    async for finding in check_store(url, options.client_key or "", scopes):
        yield finding
