"""The errors of what is kept: tokens, checkpoints and leases."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tiktok_async._error_base import TikTokError

if TYPE_CHECKING:
    from tiktok_async.models import Token

__all__ = [
    "CheckpointConflict",
    "DecryptionError",
    "LeaseUnavailable",
    "StoreError",
    "TokenConflict",
    "TokenNotSaved",
]


class StoreError(TikTokError):
    """The token store failed."""


class TokenConflict(StoreError):
    """Somebody else stored a newer token first; read it again.

    Attributes:
        open_id: The account.
        expected_version: The version the caller saw; `None` if it expected no token.
        actual_version: The version that is stored; `None` if there is no token.
    """

    def __init__(self, open_id: str, *, expected_version: int | None, actual_version: int | None) -> None:
        self.open_id = open_id
        self.expected_version = expected_version
        self.actual_version = actual_version
        super().__init__(
            f"The stored token of account {open_id} has version {actual_version}, not {expected_version}: another "
            "process stored one first. Read it again."
        )


class CheckpointConflict(StoreError):
    """Somebody else stored a newer checkpoint of an account first; whoever did goes on with it.

    Attributes:
        open_id: The account.
        expected_version: The version the caller saw; `None` if it expected no checkpoint.
        actual_version: The version that is stored; `None` if there is none.
    """

    def __init__(self, open_id: str, *, expected_version: int | None, actual_version: int | None) -> None:
        self.open_id = open_id
        self.expected_version = expected_version
        self.actual_version = actual_version
        super().__init__(
            f"The checkpoint of account {open_id} has version {actual_version}, not {expected_version}: another worker "
            "goes on with this account. Leave it to that one."
        )


class TokenNotSaved(StoreError):
    """TikTok rotated the token and the store would not take the new one.

    Attributes:
        token: The rotated token, the only one that works now. Save it by hand, or its user must log in again.
            It stays in this process: a pickled copy of this error carries `None`.
        open_id: The account.
    """

    def __init__(self, token: "Token", *, reason: str = "the store failed") -> None:
        self.token: Token | None = token
        self.open_id: str = token.key.open_id
        super().__init__(
            f"The rotated token of account {self.open_id} could not be saved: {reason}. `.token` holds it; it"
            " works in this process; put it into a store before the process ends, or the user must log in again."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        restore, (cls, args, state) = super().__reduce__()
        return (restore, (cls, args, {**state, "token": None}))


class LeaseUnavailable(StoreError):
    """Another worker holds this account's lease and did not let go in time.

    Attributes:
        open_id: The account.
    """

    def __init__(self, open_id: str, *, waited: timedelta) -> None:
        self.open_id = open_id
        self.waited = waited
        super().__init__(
            f"Another worker held the lease of account {open_id} for {waited.total_seconds():.1f} s. "
            "Try again: a dead holder's lease ends by itself."
        )


class DecryptionError(StoreError):
    """A stored token cannot be decrypted; the record is left as it is, and the right key still opens it.

    Attributes:
        open_id: The account.
    """

    def __init__(self, open_id: str, *, reason: str) -> None:
        self.open_id = open_id
        super().__init__(f"The stored token of account {open_id} cannot be decrypted: {reason}.")
