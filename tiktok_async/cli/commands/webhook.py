"""`tiktok-async webhook`."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tiktok_async.cli._output import Json, write_json, write_record
from tiktok_async.cli._session import DEFAULTS, Options
from tiktok_async.errors import ConfigurationError

command: App = App(name="webhook", help="Look at what TikTok sends.")


@command.command
def verify(
    body: Path | None = None,
    /,
    *,
    signature: Annotated[str, Parameter(name=("--signature", "-s"))],
    tolerance: float = 300,
    json: Json = False,
    options: Options = DEFAULTS,
) -> None:
    """Check that a webhook delivery is from TikTok and recent, and show its event.

    Args:
        body: The file with the unchanged bytes of the delivery's body; standard input by default.
        signature: The delivery's TikTok-Signature header.
        tolerance: How many seconds its time of signature may be in the past or in the future.
        json: Write one JSON document.
        options: The app's key and secret; the other options are not used.
    """
    from tiktok_async.api.webhook_receiver import WebhookReceiver

    if not options.client_key or not options.client_secret:
        raise ConfigurationError("Set TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET in the environment.")
    receiver = WebhookReceiver(options.client_key, options.client_secret)
    try:
        received = sys.stdin.buffer.read() if body is None else body.read_bytes()
    except OSError as error:
        msg = f"{body} cannot be read: {error.strerror}."
        raise ConfigurationError(msg) from None
    event = receiver.parse(received, signature, tolerance=timedelta(seconds=tolerance))
    record = {
        "name": event.name,
        "open_id": event.open_id,
        "create_time": event.create_time,
        "dedup_key": event.dedup_key,
        "content": event.content,
    }
    if json:
        write_json(record)
    else:
        write_record(record)
