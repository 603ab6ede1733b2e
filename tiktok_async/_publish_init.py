"""The one call that creates a post, made once: what may have arrived is never repeated."""

from typing import Any

from attrs import frozen

from tiktok_async._credentials import AccountCredential
from tiktok_async._dedup import DedupKey
from tiktok_async._publish import Publish
from tiktok_async._publish_state import Fingerprint, PublishRecord, UploadRecord
from tiktok_async._video_source import VideoSource
from tiktok_async.api.reading import read
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import OutcomeUnknown, ServerError, TikTokError, TransportError
from tiktok_async.models import ChunkPlan, Endpoint, Secret
from tiktok_async.models._wire_model import WireModel

__all__ = ["Video", "begin", "resume"]


@frozen(slots=True, kw_only=True)
class Video:
    """A video that is about to be uploaded."""

    source: VideoSource
    plan: ChunkPlan
    content_type: str
    fingerprint: Fingerprint


@frozen(kw_only=True)
class _Accepted(WireModel):
    publish_id: str


@frozen(kw_only=True)
class _AcceptedUpload(_Accepted):
    upload_url: str


async def begin(
    runtime: Runtime,
    credential: AccountCredential,
    endpoint: Endpoint,
    body: dict[str, Any],
    *,
    video: Video | None,
    note: DedupKey | None,
) -> Publish:
    """Send the init *body*, unless *note* knows of an earlier call.

    Raises:
        OutcomeUnknown: It may have arrived and no answer came, now or in an earlier call.
        UploadRejected: TikTok gave an upload address that bytes must not go to.
        TikTokError: TikTok refused, or nothing was sent.
    """
    source = None if video is None else video.source
    saved = None if note is None else await note.claim()
    if saved is not None:
        return resume(runtime, credential, saved, source)
    try:
        record = await _init(runtime, credential, endpoint, body, video)
    except (TransportError, ServerError) as error:
        if not _may_have_arrived(error, endpoint):
            await _release(note)
            raise
        raise OutcomeUnknown(
            f"TikTok may have accepted a post and its answer was lost ({type(error).__name__})",
            endpoint=endpoint.path,
            open_id=credential.open_id,
            dedup_key=None if note is None else note.word,
        ) from error
    except TikTokError:
        # Refused, or not sent at all. A cancelled call leaves its claim: it may have arrived.
        await _release(note)
        raise
    publish = Publish(runtime, credential, record, source=source, certain=True)
    if note is not None:
        await note.settle(publish.to_json())
    publish.check_address()
    return publish


def resume(runtime: Runtime, credential: AccountCredential, state: str, source: VideoSource | None) -> Publish:
    """Go on with the publish saved as *state*, or named by it.

    Raises:
        ConfigurationError: *state* is neither a saved publish nor a publish_id.
    """
    record = PublishRecord.parse(state, open_id=credential.open_id)
    if source is None and record.upload is not None and record.upload.path is not None:
        source = VideoSource.at(record.upload.path, runtime.clock)
    return Publish(runtime, credential, record, source=source)


async def _init(
    runtime: Runtime, credential: AccountCredential, endpoint: Endpoint, body: dict[str, Any], video: Video | None
) -> PublishRecord:
    response = await runtime.sender.call(endpoint, credential=credential, json=body)
    now, open_id = runtime.clock.now(), credential.open_id
    if video is None:
        accepted = read(response, response.data, _Accepted, endpoint=endpoint, open_id=open_id)
        return PublishRecord(publish_id=accepted.publish_id, open_id=open_id, started_at=now)
    to_upload = read(response, response.data, _AcceptedUpload, endpoint=endpoint, open_id=open_id)
    return PublishRecord(
        publish_id=to_upload.publish_id,
        open_id=open_id,
        started_at=now,
        upload=UploadRecord(
            address=Secret(to_upload.upload_url),
            plan=video.plan,
            sent=0,
            content_type=video.content_type,
            fingerprint=video.fingerprint,
            path=video.source.path,
        ),
    )


def _may_have_arrived(error: TransportError | ServerError, endpoint: Endpoint) -> bool:
    # A refresh of the token comes before the init: its failure is not the init's.
    if error.endpoint is not None and not error.endpoint.endswith(endpoint.path):
        return False
    return isinstance(error, ServerError) or error.sent


async def _release(note: DedupKey | None) -> None:
    if note is not None:
        await note.release()
