"""The steps of a post that `upload`, `draft`, `photos` and `status` share."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from attrs import frozen
from cyclopts import Parameter

from tiktok_async.cli._logs import log_event
from tiktok_async.cli._output import note, write_record
from tiktok_async.cli._progress import Shown, shown
from tiktok_async.cli._saved_uploads import SavedUploads
from tiktok_async.cli._session import Options, opened
from tiktok_async.errors import ConfigurationError, PublishFailed, PublishPending, TikTokError, UploadExpired
from tiktok_async.models import Event, PublishChanged, PublishStatus

if TYPE_CHECKING:
    from tiktok_async.api.posting.publish import Publish
    from tiktok_async.session import TikTokSession


@Parameter(name="*", group="End")
@frozen(kw_only=True)
class End:
    """How long a command waits for a post.

    Attributes:
        wait: Wait until it is published, or a draft is in its creator's inbox.
        timeout: The longest wait, in seconds; after it, TikTok still goes on with the post.
        json: Write each event as one JSON document on a line.
    """

    wait: Annotated[bool, Parameter(show_default=True)] = True
    timeout: float = 1800
    json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False


END = End()


@asynccontextmanager
async def posting(options: Options, *, json: bool) -> AsyncGenerator[tuple["TikTokSession", Shown]]:
    """Open a session that shows each new state of its posts."""
    show = shown(json=json)

    def observe(event: Event) -> None:
        log_event(event)
        if isinstance(event, PublishChanged):
            show.event("state", publish_id=event.publish_id, state=event.state, text=f"TikTok says {event.state}.")

    async with opened(options, observer=observe) as (session, _):
        yield session, show


def saved_uploads() -> SavedUploads:
    """Return where an upload's state is saved; without such a folder, say what that means, and save nothing."""
    try:
        return SavedUploads.opened()
    except ConfigurationError as error:
        note(f"{error} An upload that is interrupted cannot be continued.")
        return SavedUploads(None)


async def begin(work: Awaitable["Publish"], show: Shown, *, open_id: str, saved: SavedUploads) -> "Publish":
    """Await the call that creates a post, and report it; an upload's state is saved before its first byte is sent."""
    try:
        publish = await work
    except asyncio.CancelledError:
        note("Look at the creator's profile and drafts before you post it again: TikTok may have accepted it.")
        raise
    plan = publish.plan
    text = f"TikTok accepted {publish.publish_id}"
    file = None
    if plan is not None:
        _keep(publish, saved)
        file = saved.file_of(publish.publish_id)
        text += f": {plan.size / 1e6:.1f} MB in {plan.count} chunk{'s' if plan.count > 1 else ''}"
    show.event(
        "accepted",
        publish_id=publish.publish_id,
        open_id=open_id,
        size=None if plan is None else plan.size,
        chunks=None if plan is None else plan.count,
        state_file=None if file is None else str(file),
        text=f"{text}.",
    )
    return publish


async def send(publish: "Publish", show: Shown, saved: SavedUploads) -> None:
    """Send the bytes; until all are sent, keep a saved state from which another process can continue."""
    if publish.plan is None:
        return
    try:
        async with show.uploading(publish), aclosing(publish.upload()) as uploading:
            async for progress in uploading:
                _keep(publish, saved)
                show.chunk(publish.publish_id, progress)
    except (UploadExpired, PublishFailed):
        saved.forget(publish.publish_id)
        raise
    except (asyncio.CancelledError, TikTokError, OSError):
        file = saved.file_of(publish.publish_id)
        show.event("interrupted", publish_id=publish.publish_id, state_file=None if file is None else str(file))
        if file is None:
            note(
                "If TikTok does not have every byte, it publishes nothing. Look with: tiktok-async status "
                f"{publish.publish_id}\nThen upload the video again."
            )
        else:
            note(
                f"The upload's state is saved in {file}. It contains the upload URL, so keep it secret.\n"
                f"Continue within the hour with: tiktok-async upload --resume {publish.publish_id}"
            )
        raise
    saved.forget(publish.publish_id)


async def finish(publish: "Publish", show: Shown, end: End) -> None:
    """Wait for the post's last state, if that is wanted, and write it."""
    later = f"Wait for its last state with: tiktok-async status {publish.publish_id} --wait"
    if not end.wait:
        write_status(publish.publish_id, None, show, json=end.json)
        note(later)
        return
    try:
        with show.waiting():
            status = await publish.wait(timedelta(seconds=end.timeout))
    except (asyncio.CancelledError, PublishPending):
        note(f"TikTok has every byte, and the post goes on.\n{later}")
        raise
    write_status(publish.publish_id, status, show, json=end.json)


def write_status(publish_id: str, status: PublishStatus | None, show: Shown, *, json: bool) -> None:
    """Write a post's state; *status* is `None` if TikTok was not asked for it."""
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


def _keep(publish: "Publish", saved: SavedUploads) -> None:
    try:
        saved.keep(publish.publish_id, publish.to_json())
    except OSError as error:
        # The post has begun and the upload should go on. An older saved state, if there is one, can still be used.
        note(f"The upload's state could not be saved ({error.strerror}): do not interrupt the upload.")
