"""From a post that begins to its end: what `upload`, `draft`, `photos` and `status` have in common."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from attrs import frozen
from cyclopts import Parameter

from tiktok_async.cli import _saved_uploads
from tiktok_async.cli._logs import log_event
from tiktok_async.cli._output import note, write_record
from tiktok_async.cli._progress import Shown, shown
from tiktok_async.cli._session import Options, opened
from tiktok_async.errors import PublishFailed, PublishPending, TikTokError, UploadExpired
from tiktok_async.models import Event, PublishChanged, PublishStatus

if TYPE_CHECKING:
    from tiktok_async.api.posting.publish import Publish
    from tiktok_async.session import TikTokSession


@Parameter(name="*", group="End")
@frozen(kw_only=True)
class End:
    """How long a command stays with a post.

    Attributes:
        wait: Wait until it is published, or a draft is in its creator's inbox.
        timeout: The longest wait for that, in seconds; the post goes on all the same.
        json: Write each thing that happens as one JSON document a line.
    """

    wait: Annotated[bool, Parameter(show_default=True)] = True
    timeout: float = 1800
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False


END = End()


@asynccontextmanager
async def posting(options: Options, *, json: bool) -> AsyncGenerator[tuple["TikTokSession", Shown]]:
    """Open a session whose posts show what becomes of them."""
    show = shown(json=json)

    def observe(event: Event) -> None:
        log_event(event)
        if isinstance(event, PublishChanged):
            show.event("state", publish_id=event.publish_id, state=event.state, text=f"TikTok says {event.state}.")

    async with opened(options, observer=observe) as (session, _):
        yield session, show


async def begin(work: Awaitable["Publish"], show: Shown, *, open_id: str) -> "Publish":
    """Await the call that creates a post, and tell of it; an upload is kept before its first byte moves."""
    try:
        publish = await work
    except asyncio.CancelledError:
        note("Look at the creator's profile and drafts before you post it again: TikTok may have accepted it.")
        raise
    plan = publish.plan
    text = f"TikTok accepted {publish.publish_id}"
    if plan is not None:
        _keep(publish)
        text += f": {plan.size / 1e6:.1f} MB in {plan.count} chunk{'s' if plan.count > 1 else ''}"
    show.event(
        "accepted",
        publish_id=publish.publish_id,
        open_id=open_id,
        size=None if plan is None else plan.size,
        chunks=None if plan is None else plan.count,
        state_file=None if plan is None else str(_saved_uploads.file_of(publish.publish_id)),
        text=f"{text}.",
    )
    return publish


async def send(publish: "Publish", show: Shown) -> None:
    """Send the bytes; a state by which another process can go on is kept until the last one is there."""
    if publish.plan is None:
        return
    try:
        async with show.uploading(publish), aclosing(publish.upload()) as uploading:
            async for progress in uploading:
                _keep(publish)
                show.chunk(publish.publish_id, progress)
    except (UploadExpired, PublishFailed):
        _saved_uploads.forget(publish.publish_id)
        raise
    except (asyncio.CancelledError, TikTokError, OSError):
        file = _saved_uploads.file_of(publish.publish_id)
        show.event("interrupted", publish_id=publish.publish_id, state_file=str(file))
        note(
            f"What is needed to go on within the hour is kept in {file}; it holds the upload address, so show it to "
            f"nobody.\nGo on with: tiktok-async upload --resume {publish.publish_id}"
        )
        raise
    _saved_uploads.forget(publish.publish_id)


async def finish(publish: "Publish", show: Shown, end: End) -> None:
    """Wait for what becomes of the post, if that is wanted, and write it."""
    later = f"Ask for its end with: tiktok-async status {publish.publish_id} --wait"
    if not end.wait:
        write_status(publish.publish_id, None, show, json=end.json)
        note(later)
        return
    try:
        with show.waiting():
            status = await publish.wait(timedelta(seconds=end.timeout))
    except (asyncio.CancelledError, PublishPending):
        note(f"Every byte is with TikTok, and the post goes on.\n{later}")
        raise
    write_status(publish.publish_id, status, show, json=end.json)


def write_status(publish_id: str, status: PublishStatus | None, show: Shown, *, json: bool) -> None:
    """Write where a post is; `None` is one that nobody asked for."""
    record: dict[str, object] = {"publish_id": publish_id}
    if status is not None:
        record |= {
            "state": str(status.state),
            "fail_reason": None if status.fail_reason is None else str(status.fail_reason),
            "post_ids": status.post_ids if json else " ".join(status.post_ids) or None,
            "uploaded_bytes": status.uploaded_bytes,
            "downloaded_bytes": status.downloaded_bytes,
        }
    if json:
        show.event("status", **record)
    else:
        sys.stderr.flush()
        write_record(record)


def _keep(publish: "Publish") -> None:
    try:
        _saved_uploads.keep(publish.publish_id, publish.to_json())
    except OSError as error:
        # The post is begun and its bytes should go on; an older state, if there is one, still serves.
        note(f"How far the upload is could not be kept ({error.strerror}): better do not interrupt it.")
