"""`tiktok-async emulator`."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from tiktok_async.cli._output import note
from tiktok_async.errors import ConfigurationError

if TYPE_CHECKING:
    from tiktok_async.emulator import Emulator, RecordedRequest

_LAST_PORT = 65535

command: App = App(name="emulator", help="Serve TikTok's API in memory, with a page at / and faults on demand.")


@command.default
async def serve(
    *,
    port: int = 8900,
    host: str = "127.0.0.1",
    users: int = 3,
    videos: int = 250,
    seed: int = 0,
    state: Path | None = None,
    quirk: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    fault: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    webhook_url: str | None = None,
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative="", show_default=False)] = False,
) -> None:
    """Serve TikTok's API in memory, until Ctrl-C: consent page, API, faults on demand.

    Settings for a client are written to standard output, as variables for a shell. A page at / shows accounts, posts
    and requests, and has buttons for faults and time. Each request is logged to standard error.

    Args:
        port: The port to serve on; 0 takes a free one.
        host: The address to serve on. The emulator has no access control, so do not use one that others can reach.
        users: How many creators there are, if the state file holds none.
        videos: How many videos each of them has.
        seed: With the same seed, users, videos and tokens are the same on each run.
        state: A file that keeps users and logins over a restart.
        quirk: NAME=VALUE: how to behave where TikTok's pages disagree; may be repeated. See `disputed` in the docs.
        fault: ENDPOINT=CODE: fail the next request to an endpoint with a status or a code, such as VIDEO_LIST=429;
            ENDPOINT=CODE*3 for the next three; may be repeated.
        webhook_url: The URL for webhooks, on this machine.
        quiet: Do not log each request.
    """
    from tiktok_async.emulator import parse_quirks
    from tiktok_async.emulator import serve as serve_emulator

    if not 0 <= port <= _LAST_PORT:
        raise ConfigurationError(f"--port {port} is no port: give a number from 0 to {_LAST_PORT}.")
    try:
        quirks = parse_quirks(quirk)
    except ValueError as error:
        raise ConfigurationError(f"--quirk: {error}") from None

    def ready(emulator: "Emulator") -> None:
        if not emulator.users:
            for _ in range(users):
                emulator.add_user(videos=videos)
        _plan(emulator, fault)
        sys.stdout.write("".join(f"{name}={value}\n" for name, value in emulator.env().items()))
        sys.stdout.flush()
        note(f"Serving until Ctrl-C. Look at {emulator.url}/ for accounts, posts and requests.")
        if not quiet:
            emulator.requests.on_answer = _tell

    options = {"host": host, "port": port, "seed": seed, "quirks": quirks, "webhook_url": webhook_url}
    try:
        await serve_emulator(ready=ready, state=state, **options)
    except OSError as error:
        msg = f"Nothing can be served on {host}:{port}: {error.strerror}. Choose another --port, or another --state."
        raise ConfigurationError(msg) from None
    except ValueError as error:
        if state is None:
            raise
        raise ConfigurationError(f"{state} cannot be used: {error}. Name another --state.") from None


@command.command
async def trigger(
    event: str,
    /,
    *,
    content: str | None = None,
    account: Annotated[str | None, Parameter(name=("--account", "-a"))] = None,
    base_url: Annotated[str, Parameter(env_var="TIKTOK_BASE_URL")] = "http://127.0.0.1:8900",
    webhook_url: str | None = None,
) -> None:
    """Let a running emulator send a signed webhook, with its retries.

    Args:
        event: The event's name, such as post.publish.complete or minis.trade_order.redeem.success.
        content: The event's content, as JSON; by default a sample for the event.
        account: The open_id of the event; by default the emulator's first user, and none for events of mini games.
        base_url: The emulator's URL.
        webhook_url: The URL for webhooks from now on.
    """
    import aiohttp

    try:
        values = None if content is None else json.loads(content)
    except ValueError as error:
        raise ConfigurationError(f"--content is no JSON: {error}.") from None
    admin = f"{base_url.rstrip('/')}/_emulator"
    try:
        async with aiohttp.ClientSession(raise_for_status=False) as http:
            async with http.get(f"{admin}/") as reply:
                known = await reply.json()
            # TikTok's samples of mini game events name no user.
            first = None if event.startswith("minis.") else next((user["open_id"] for user in known["users"]), None)
            open_id = account or first
            body = {"event": event, "content": values, "open_id": open_id, "url": webhook_url}
            given = {name: value for name, value in body.items() if value is not None}
            async with http.post(f"{admin}/webhooks", json=given) as reply:
                told = await reply.json()
    except (aiohttp.ClientError, OSError, ValueError):
        msg = f"No emulator answers at {base_url}. Start one with `tiktok-async emulator`, or name its --base-url."
        raise ConfigurationError(msg) from None
    if "error" in told:
        raise ConfigurationError(f"The emulator refused: {told['error']}.")
    if webhook_url is None and known.get("webhook_url") is None:
        raise ConfigurationError("The emulator has no --webhook-url, so the event was not sent. Add one here.")
    note(f"{event} was sent to {webhook_url or known['webhook_url']}.")


def _plan(emulator: "Emulator", faults: Iterable[str]) -> None:
    for text in faults:
        endpoint, status, code, times = _fault(text)
        try:
            emulator.fail_next(endpoint, status=status, code=code, times=times)
        except ValueError as error:
            raise ConfigurationError(f"--fault: {error}") from None


def _fault(text: str) -> tuple[str, int | None, str | None, int]:
    """Read ENDPOINT=CODE or ENDPOINT=CODE*TIMES."""
    endpoint, equals, wanted = text.partition("=")
    code, star, times = wanted.partition("*")
    if not equals or not code or (star and not times.isdecimal()):
        raise ConfigurationError(f"--fault {text!r} is not of the form ENDPOINT=CODE or ENDPOINT=CODE*TIMES.")
    status = int(code) if code.isdecimal() else _STATUS_OF.get(code, 400)
    return endpoint, status, None if code.isdecimal() else code, int(times or 1)


_STATUS_OF = {
    "access_token_invalid": 401,
    "internal_error": 500,
    "rate_limit_exceeded": 429,
    "scope_not_authorized": 401,
    "spam_risk_too_many_posts": 403,
    "spam_risk_user_banned_from_posting": 403,
    "unaudited_client_can_only_post_to_private_accounts": 403,
}


def _tell(request: "RecordedRequest") -> None:
    endpoint = getattr(request.endpoint, "name", request.endpoint)
    at = datetime.now(UTC).strftime("%H:%M:%S")
    note(f"{at} {request.status or '---'} {request.method} {request.path} {endpoint} {request.open_id or ''}".rstrip())
