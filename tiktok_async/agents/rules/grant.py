"""One agent's access: what it may do, with which accounts and fields, and until when."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

import orjson
from attrs import evolve, field, frozen

from tiktok_async.agents.rules.operations import AREAS, OPERATIONS, Operation
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Endpoint, PrivacyLevel

__all__ = ["MOST_POSTS_A_DAY", "AgentGrant", "digest_of", "is_key", "kept_grant", "narrower", "read_grant", "within"]

MOST_POSTS_A_DAY = 100
"""The largest `posts_a_day`: each proposal waits for a person."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
# Each level's audience is a part of the next one's.
_LEVELS = (
    PrivacyLevel.SELF_ONLY,
    PrivacyLevel.MUTUAL_FOLLOW_FRIENDS,
    PrivacyLevel.FOLLOWER_OF_CREATOR,
    PrivacyLevel.PUBLIC_TO_EVERYONE,
)
_POSTS = Endpoint.VIDEO_INIT
_DRAFTS = Endpoint.INBOX_INIT


def _endpoints(words: Iterable[Endpoint | str]) -> frozenset[Endpoint]:
    found: set[Endpoint] = set()
    problems: list[str] = []
    for word in words:
        endpoint = word if isinstance(word, Endpoint) else _endpoint(word)
        if endpoint is not None and endpoint in OPERATIONS:
            found.add(endpoint)
        else:
            problems.append(f"{word} is no operation that an agent can be granted")
    if problems:
        names = ", ".join(sorted(one.name for one in OPERATIONS))
        raise ConfigurationError(f"{'; '.join(problems)}. These are: {names}.", problems=problems)
    return frozenset(found)


def _words(words: Iterable[str]) -> frozenset[str]:
    if isinstance(words, str):
        raise ConfigurationError("Accounts and fields are collections of texts, not one text.")
    return frozenset(words)


def _endpoint(word: str) -> Endpoint | None:
    name = word.upper().replace("-", "_")
    return Endpoint.__members__.get(name) or next((one for one in Endpoint if one.path == word), None)


def _level(word: PrivacyLevel | str | None) -> PrivacyLevel | None:
    if word is None:
        return None
    try:
        return PrivacyLevel(word)
    except ValueError:
        raise ConfigurationError(f"{word} is no privacy level; these are: {', '.join(_LEVELS)}.") from None


@frozen(slots=True, kw_only=True)
class AgentGrant:
    """The access of one agent. What it does not name is not granted, and not even listed to the agent.

    Args:
        agent: The agent's name: small letters, digits and `-`, at most 50.
        operations: The endpoints it may use, each a member of `Endpoint` or its name. `VIDEO_INIT` lets it propose
            posts, `INBOX_INIT` lets it send drafts to a creator's inbox without an approval.
        ends_at: When the grant ends, with a time zone.
        accounts: The open_ids of the accounts it may use.
        fields: The fields it may see, such as `video.title`; `video.*` is every field of the area.
        widest_privacy: The widest audience that its posts may have.
        media_folder: The folder whose files it may propose, as an absolute path; no file outside it is opened.
        posts_a_day: How many posts it may propose plus drafts it may send in a UTC day.
        auto_approve: Post what it proposes without asking a person. Then the agent publishes in the account's
            name, and so can anyone who can write text that the agent reads.

    Raises:
        ConfigurationError: The parts do not fit together; `.problems` names each thing.

    Example:
        >>> grant = AgentGrant(
        ...     agent="reporter",
        ...     operations={"VIDEO_LIST"},
        ...     accounts={"open-id"},
        ...     fields={"video.title", "video.view_count"},
        ...     ends_at=datetime(2027, 1, 1, tzinfo=UTC),
        ... )
    """

    agent: str
    operations: frozenset[Endpoint] = field(converter=_endpoints)
    ends_at: datetime
    accounts: frozenset[str] = field(default=frozenset(), converter=_words)
    fields: frozenset[str] = field(default=frozenset(), converter=_words)
    widest_privacy: PrivacyLevel | None = field(default=None, converter=_level)
    media_folder: str | None = None
    posts_a_day: int = 0
    auto_approve: bool = False

    def __attrs_post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise ConfigurationError(
                f"The grant of {self.agent!r} is not valid: {'; '.join(problems)}.", problems=problems
            )

    def __contains__(self, operation: object) -> bool:
        return operation in self.operations

    @property
    def drafts(self) -> bool:
        """Whether it may send drafts."""
        return _DRAFTS in self.operations

    @property
    def proposes(self) -> bool:
        """Whether it may propose posts."""
        return _POSTS in self.operations

    def fields_of(self, area: str) -> tuple[str, ...]:
        """Return the granted fields of *area*, in TikTok's words and order."""
        if f"{area}.*" in self.fields:
            return AREAS[area]
        return tuple(name for name in AREAS[area] if f"{area}.{name}" in self.fields)

    def fields_for(self, operation: Operation) -> tuple[str, ...]:
        """Return the granted fields that *operation* can give."""
        if operation.area is None:
            return ()
        return tuple(name for name in self.fields_of(operation.area) if name not in operation.lacks)

    def levels(self) -> tuple[PrivacyLevel, ...]:
        """Return the privacy levels that its posts may have."""
        if self.widest_privacy is None:
            return ()
        return _LEVELS[: _LEVELS.index(self.widest_privacy) + 1]

    def tools(self) -> tuple[Operation, ...]:
        """Return the operations that are granted, in the order of the table."""
        return tuple(one for endpoint, one in OPERATIONS.items() if endpoint in self.operations)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "agent": self.agent,
            "operations": sorted(one.name for one in self.operations),
            "ends_at": self.ends_at.isoformat(),
            "accounts": sorted(self.accounts),
            "fields": sorted(self.fields),
            "widest_privacy": None if self.widest_privacy is None else str(self.widest_privacy),
            "media_folder": self.media_folder,
            "posts_a_day": self.posts_a_day,
            "auto_approve": self.auto_approve,
        }

    @classmethod
    def from_dict(cls, values: "dict[str, Any]") -> "AgentGrant":
        """Return the grant that `to_dict` made *values* of.

        Raises:
            ConfigurationError: They do not describe a grant.
        """
        try:
            ends_at: Any = datetime.fromisoformat(values["ends_at"])
            return cls(**{**values, "ends_at": ends_at})
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(f"This is no agent's grant ({type(error).__name__}).") from error


def _problems(grant: AgentGrant) -> list[str]:
    problems: list[str] = []
    if not _NAME.fullmatch(grant.agent):
        problems.append("its name is not 1 to 50 small letters, digits and '-'")
    if not grant.operations:
        problems.append("it grants no operation")
    if grant.ends_at.tzinfo is None:
        problems.append("ends_at has no time zone")
    if not all(grant.accounts):
        problems.append("an account is empty")
    problems += [f"{word} is no field" for word in sorted(grant.fields) if not _known(word)]
    problems += [
        f"{one.endpoint.name} gives fields of {one.area} and none is granted ({one.area}.NAME, or {one.area}.*)"
        for one in grant.tools()
        if one.area is not None and not grant.fields_for(one)
    ]
    if any(one.of_account for one in grant.tools()) and not grant.accounts:
        problems.append("an operation of it works on accounts and none is granted")
    return problems + _posting_problems(grant)


def _posting_problems(grant: AgentGrant) -> list[str]:
    problems: list[str] = []
    folder = grant.media_folder
    if folder is not None and (not folder.startswith("/") or "\0" in folder):
        problems.append("media_folder is no absolute path")
    if not 0 <= grant.posts_a_day <= MOST_POSTS_A_DAY:
        problems.append(f"posts_a_day is not 0 to {MOST_POSTS_A_DAY}")
    if grant.proposes or grant.drafts:
        if folder is None:
            problems.append("posts and drafts need a media_folder")
        if grant.posts_a_day < 1:
            problems.append("posts and drafts need posts_a_day of at least 1")
    if grant.proposes and grant.widest_privacy is None:
        problems.append("posts need widest_privacy")
    if grant.auto_approve and not grant.proposes:
        problems.append("auto_approve without VIDEO_INIT approves nothing")
    return problems


def _known(word: str) -> bool:
    area, _, name = word.partition(".")
    return area in AREAS and (name == "*" or name in AREAS[area])


def narrower(first: AgentGrant, second: AgentGrant) -> AgentGrant | None:
    """Return what both grants of one agent grant, or `None` if that is nothing.

    A server over stdio starts with one grant: what is removed from it later applies at once, what is added applies from
    the next start.
    """
    operations = first.operations & second.operations
    fields = frozenset(
        f"{area}.{name}" for area in AREAS for name in first.fields_of(area) if name in second.fields_of(area)
    )
    accounts = first.accounts & second.accounts
    posting = first.media_folder == second.media_folder
    levels = [level for level in first.levels() if level in second.levels()]
    operations = frozenset(
        endpoint
        for endpoint in operations
        if _is_usable(OPERATIONS[endpoint], fields, accounts, posting=posting) and (endpoint is not _POSTS or levels)
    )
    if not operations:
        return None
    return evolve(
        first,
        operations=operations,
        fields=fields,
        accounts=accounts,
        ends_at=min(first.ends_at, second.ends_at),
        widest_privacy=levels[-1] if levels else None,
        media_folder=first.media_folder if posting else None,
        posts_a_day=min(first.posts_a_day, second.posts_a_day),
        auto_approve=first.auto_approve and second.auto_approve and _POSTS in operations,
    )


def _is_usable(operation: Operation, fields: frozenset[str], accounts: frozenset[str], *, posting: bool) -> bool:
    if operation.of_account and not accounts:
        return False
    if operation.area is not None and not any(
        f"{operation.area}.{name}" in fields for name in AREAS[operation.area] if name not in operation.lacks
    ):
        return False
    return posting or not operation.writes


def within(grant: AgentGrant, now: datetime) -> bool:
    """Return whether *grant* is valid at *now*."""
    return now < grant.ends_at


def digest_of(key: str) -> str:
    """Return the digest that is kept of a key. A key has 256 random bits, so a plain digest does not reveal it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_key(key: str, digest: object) -> bool:
    """Return whether *digest* is the digest of *key*, in constant time."""
    return isinstance(digest, str) and hmac.compare_digest(digest_of(key).encode(), digest.encode())


def kept_grant(grant: AgentGrant, key_digest: str) -> bytes:
    """Return the note that keeps *grant* with the digest of its agent's key."""
    return orjson.dumps({"grant": grant.to_dict(), "key": key_digest})


def read_grant(note: bytes) -> tuple[AgentGrant, str]:
    """Return the grant and the key's digest from a note that `kept_grant` made.

    Raises:
        ConfigurationError: It is no such note.
    """
    data: Any = orjson.loads(note)
    values = cast("dict[str, Any]", data)
    return AgentGrant.from_dict(values["grant"]), str(values["key"])
