"""The saved form of a publish, from which another process can continue it."""

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Any, Self

from attrs import evolve, field, frozen

from tiktok_async.api.posting.rules.chunks import plan_chunks
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import ChunkPlan, Secret

__all__ = ["UPLOAD_LIFETIME", "Fingerprint", "PublishRecord", "UploadRecord", "chained", "title_digest"]

# https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
UPLOAD_LIFETIME = timedelta(hours=1)

_FORMAT = 1
# TikTok documents at most 64 characters for an id, and does not say which ones.
# https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
_PUBLISH_ID = re.compile(r"[!#-&(-;=?-Z_a-z~-]{1,128}")
_HEADER_VALUE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


@frozen(slots=True, kw_only=True)
class Fingerprint:
    """Identifies a source.

    Attributes:
        size: Bytes.
        sample: SHA-256 of its first and last 64 KiB, in hex.
        mtime_ns: The time of a file's last write, in nanoseconds since 1970; `None` if it is not a file.
    """

    size: int
    sample: str
    mtime_ns: int | None = None

    def matches(self, other: "Fingerprint") -> bool:
        """Return whether both identify the same source, as far as is known without reading all of it."""
        times = {self.mtime_ns, other.mtime_ns} - {None}
        return (self.size, self.sample) == (other.size, other.sample) and len(times) < 2  # noqa: PLR2004 - two times differ


@frozen(slots=True, kw_only=True)
class UploadRecord:
    """The upload of a publish.

    Attributes:
        address: The `upload_url`, with which anyone can send bytes.
        plan: The plan of the chunks.
        sent: Bytes TikTok has acknowledged.
        content_type: The video's media type.
        fingerprint: The source's fingerprint.
        path: The file, if it is one.
        checked: The number of sent bytes that *digest* covers: whole chunks from the first on.
        digest: The digest of these bytes, see `chained`.
    """

    address: Secret
    plan: ChunkPlan
    sent: int
    content_type: str
    fingerprint: Fingerprint
    path: str | None = None
    checked: int = 0
    digest: str = ""

    def with_chunk(self, span: range, digest: bytes | None) -> "UploadRecord":
        """Return this record with the chunk *span* added to the checked bytes, if it follows them."""
        whole = span == self.plan.range_of(self.plan.chunk_at(span.start))
        if digest is None or span.start != self.checked or not whole:
            return self
        return evolve(self, checked=span.stop, digest=chained(self.digest, digest))


def chained(before: str, digest: bytes) -> str:
    """Return the digest of the earlier chunks, whose digest is *before*, and of one more with the SHA-256 *digest*.

    The state of an unfinished SHA-256 cannot be saved, so each digest is computed from the one before and its chunk's.
    """
    return hashlib.sha256(before.encode() + digest).hexdigest()


def title_digest(title: str | None) -> str | None:
    """Return by what a title is known again in the listing of videos; `None` for one that says nothing.

    The listing holds the first 150 characters.
    Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-object
    """
    listed = (title or "").strip()[:150].strip()
    return hashlib.sha256(listed.encode("utf-8", "surrogatepass")).hexdigest() if listed else None


@frozen(slots=True, kw_only=True)
class PublishRecord:
    """One publish in its saved form.

    Attributes:
        publish_id: TikTok's id.
        open_id: The account.
        started_at: When TikTok accepted the init (UTC).
        upload: Its upload; `None` where TikTok fetches the media itself.
        title: Of a post that everyone may see, the `title_digest` by which the listing of videos knows it again.
    """

    publish_id: str
    open_id: str
    started_at: datetime | None = None
    upload: UploadRecord | None = field(default=None)
    title: str | None = None

    @property
    def expires_at(self) -> datetime | None:
        """The time by which the upload must be finished (UTC)."""
        return None if self.started_at is None else self.started_at + UPLOAD_LIFETIME

    def with_sent(self, sent: int) -> "PublishRecord":
        """Return this record with *sent* bytes acknowledged."""
        if self.upload is None:
            return self
        return evolve(self, upload=evolve(self.upload, sent=sent))

    def to_json(self) -> str:
        """Return the saved form, with the upload address in plain text, which is needed to continue."""
        data: dict[str, Any] = {"tiktok_publish": _FORMAT, "publish_id": self.publish_id, "open_id": self.open_id}
        if self.started_at is not None:
            data["started_at"] = self.started_at.isoformat()
        if self.title is not None:
            data["title"] = self.title
        upload = self.upload
        if upload is not None:
            data["upload"] = {
                "url": upload.address.reveal(),
                "chunk_size": upload.plan.chunk_size,
                "sent": upload.sent,
                "content_type": upload.content_type,
                "size": upload.fingerprint.size,
                "sample": upload.fingerprint.sample,
                "mtime_ns": upload.fingerprint.mtime_ns,
                "path": upload.path,
                "checked": upload.checked,
                "digest": upload.digest,
            }
        return json.dumps(data)

    @classmethod
    def parse(cls, text: str, *, open_id: str) -> Self:
        """Read the result of `to_json`, or take *text* as a publish_id.

        Args:
            text: The saved state, or an id.
            open_id: The account that continues it.

        Raises:
            ConfigurationError: **text* is neither, comes from a newer version, or belongs to another account.
        """
        text = text.strip()
        if not text.startswith("{"):
            if not _PUBLISH_ID.fullmatch(text):
                raise ConfigurationError("This is neither a saved publish (`Publish.to_json()`) nor a publish_id.")
            return cls(publish_id=text, open_id=open_id)
        try:
            record = cls._read(json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            # The text holds an address that must not be shown, so the error quotes neither it nor the parser.
            reason = type(error).__name__
        else:
            if record.open_id != open_id:
                raise ConfigurationError(
                    f"This publish belongs to account {record.open_id}, not to {open_id}: use that account."
                )
            return record
        raise ConfigurationError(
            f"This saved publish cannot be read ({reason}): save what `Publish.to_json()` returns, unchanged."
        )

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        version = data["tiktok_publish"]
        if version != _FORMAT:
            raise ConfigurationError(
                f"This saved publish is of format {version!r}, and this version of tiktok-async reads "
                f"format {_FORMAT}: upgrade it."
            )
        started = data.get("started_at")
        upload = data.get("upload")
        return cls(
            publish_id=_text(data["publish_id"], _PUBLISH_ID),
            open_id=_text(data["open_id"]),
            started_at=None if started is None else _moment(started),
            upload=None if upload is None else _read_upload(upload),
            # Not there in what versions before 0.2 saved.
            title=None if data.get("title") is None else _text(data["title"]),
        )


def _read_upload(data: dict[str, Any]) -> UploadRecord:
    plan = plan_chunks(_number(data["size"]), _number(data["chunk_size"]))
    sent = _number(data["sent"])
    path, mtime = data["path"], data["mtime_ns"]
    if plan.chunk_size != data["chunk_size"] or sent > plan.size:
        raise ValueError
    return UploadRecord(
        address=Secret(_text(data["url"])),
        plan=plan,
        sent=sent,
        content_type=_text(data["content_type"], _HEADER_VALUE),
        fingerprint=Fingerprint(
            size=plan.size, sample=_text(data["sample"]), mtime_ns=None if mtime is None else _number(mtime)
        ),
        path=None if path is None else _text(path),
        # Versions before 0.2 did not save it.
        checked=_number(data.get("checked", 0)),
        digest=_text(data["digest"]) if data.get("checked") else "",
    )


def _text(value: object, shape: "re.Pattern[str] | None" = None) -> str:
    if not isinstance(value, str) or not value or (shape is not None and not shape.fullmatch(value)):
        raise TypeError
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.utcoffset() is None:
        raise ValueError
    return moment
