"""An agent's proposal: a file's digest, the post and what its creator allowed. It is frozen; its id is its digest."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

import orjson
from attrs import frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import CreatorInfo, VideoPost

__all__ = ["LIVES", "Frozen", "Proposal", "ProposalState", "allowed_of", "post_of", "read_frozen"]

LIVES = timedelta(days=6)
"""How long a proposal can be approved and its post continued.

A dedup key is remembered for seven days from its first use, so a proposal ends before its dedup key is forgotten.
"""


class ProposalState(StrEnum):
    """The state of a proposal."""

    PENDING = "pending"
    """It waits for a person."""
    REFUSED = "refused"
    """A person refused it; it is never posted."""
    APPROVED = "approved"
    """It is approved. Whether TikTok has it is not recorded yet."""
    SENT = "sent"
    """TikTok has accepted it and has all its bytes."""
    UNKNOWN = "unknown"
    """The call that creates the post may have arrived, and no answer came; it is never made again."""
    FAILED = "failed"
    """It was not posted; approving it again tries again, under the same key."""
    ENDED = "ended"
    """Nobody decided in time."""


@frozen(slots=True, kw_only=True)
class Frozen:
    """The part of a proposal that never changes.

    Attributes:
        agent: Who proposed it.
        account: The open_id it is for.
        draft: Whether it goes to the creator's inbox rather than to the profile.
        file: The file, as a path in the agent's media folder.
        size: Its size in bytes.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        content_type: Its media type.
        post: The settings of the post, as keywords of `VideoPost`; empty for a draft.
        creator: What the creator allowed when it was proposed. It came from TikTok: untrusted data.
        media: What was found in the file; empty if it was not examined.
        created_at: When it was proposed.
        nonce: Gives two proposals of the same post different ids.
    """

    agent: str
    account: str
    draft: bool
    file: str
    size: int
    sha256: str
    content_type: str
    post: Mapping[str, Any]
    creator: Mapping[str, Any]
    media: Mapping[str, Any]
    created_at: datetime
    nonce: str

    def to_json(self) -> bytes:
        """Return the bytes whose digest is `id`."""
        values = {name: getattr(self, name) for name in _NAMES}
        values |= {"created_at": self.created_at.isoformat()}
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)

    @property
    def id(self) -> str:
        """Its id: a digest of everything frozen, so a person approves exactly what was shown."""
        return hashlib.sha256(self.to_json()).hexdigest()[:32]


_NAMES = (
    "agent",
    "account",
    "draft",
    "file",
    "size",
    "sha256",
    "content_type",
    "post",
    "creator",
    "media",
    "created_at",
    "nonce",
)


@frozen(slots=True, kw_only=True)
class Proposal:
    """A proposal and its current state.

    Attributes:
        id: Its id, which is also the dedup key of its post.
        frozen: What was proposed.
        state: Its state.
        decided_by: Who approved or refused it.
        publish_id: TikTok's id of the post, once it accepted it.
        reason: Why a person refused it, or why it failed, in the words of that person or of this library.
    """

    id: str
    frozen: Frozen
    state: ProposalState
    decided_by: str | None = None
    publish_id: str | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values; `creator` and `media` hold what TikTok or the file said."""
        return {
            "id": self.id,
            "state": str(self.state),
            "decided_by": self.decided_by,
            "publish_id": self.publish_id,
            "reason": self.reason,
            **orjson.loads(self.frozen.to_json()),
        }


def read_frozen(note: bytes, proposal_id: str) -> Frozen:
    """Return the proposal *proposal_id* that a note keeps.

    Raises:
        ConfigurationError: The note differs from what was frozen under that id.
    """
    data: Any = orjson.loads(note)
    values = cast("dict[str, Any]", data)
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    found = Frozen(**values)
    if found.id != proposal_id:
        raise ConfigurationError(f"Proposal {proposal_id} was changed in the store; refuse it.")
    return found


def post_of(frozen: Frozen) -> VideoPost:
    """Return the settings of the post."""
    return VideoPost(**frozen.post)


def allowed_of(info: CreatorInfo) -> dict[str, Any]:
    """Return the part of *info* that is frozen with a post."""
    return {
        "username": info.creator_username,
        "nickname": info.creator_nickname,
        "privacy_level_options": [str(one) for one in info.privacy_level_options],
        "comment_disabled": info.comment_disabled,
        "duet_disabled": info.duet_disabled,
        "stitch_disabled": info.stitch_disabled,
        "max_video_post_duration_sec": info.max_video_post_duration_sec,
    }
