"""What a question is: data, and the function that asks it."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe._level import Level
from tiktok_async.probe.rules.words import Fact

if TYPE_CHECKING:
    from tiktok_async.probe._asking import Asking

__all__ = ["Answer", "Level", "Outcome", "Question", "Step", "answered", "undecided"]


class Outcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    """`side` says how."""
    UNDECIDED = "undecided"
    """TikTok's answer fits no side, or the account lacks what the question needs."""
    NOT_GRANTED = "not_granted"
    """It needs a scope that the account or the app does not have."""
    FAILED = "failed"
    """A call got no answer."""
    INTERRUPTED = "interrupted"
    """A run ended while it was asked. It is not asked again, since it sends media."""


@frozen(kw_only=True)
class Answer:
    """What TikTok's answers say about one question, in words of the allow list.

    Attributes:
        outcome: What became of it.
        side: Which side of the question was seen; `None` if none was.
        facts: Further facts that may be reported.
    """

    outcome: Outcome
    side: str | None = None
    facts: Mapping[str, Fact] = field(factory=dict[str, Fact])


@frozen
class Step:
    """Calls that a question makes.

    Attributes:
        what: An endpoint, or a host that has no endpoint.
        times: How many calls at most.
        shared: The name of a step that several questions use; it happens once in a run.
    """

    what: Endpoint | Literal["authorize page", "upload host"]
    times: int = 1
    shared: str | None = None

    @property
    def name(self) -> str:
        """The name of what is called, for a person."""
        return self.what.path if isinstance(self.what, Endpoint) else f"the {self.what}"


Ask = Callable[["Asking"], Awaitable[Answer]]


@frozen(kw_only=True)
class Question:
    """Something that TikTok's pages dispute or leave open.

    Attributes:
        id: Its name in a report.
        asks: What is asked, as the first column of the documentation's table.
        sides: Each possible answer with the words for it. Where `quirk` is set, the sides are that quirk's values.
        here: What this library does about it.
        silent: Whether TikTok's pages say nothing, rather than two things.
        quirk: The emulator's switch, with its area; `None` where there is none.
        played: How the emulator plays the other side where it has no switch for it.
        assumed: The side that this library and its emulator take by default; `None`: no side.
        line: The file inside the package, and the beginning of its line that states `assumed`.
        level: The lowest level of a run that asks it.
        whose: Who owns the token that it needs.
        scopes: Scopes that the token must have, all of them.
        steps: The calls it makes.
        ask: Asks and judges the answer; `None` if no program can ask.
        unasked: Why no program can ask.
    """

    id: str
    asks: str
    sides: Mapping[str, str]
    here: str
    silent: bool = False
    quirk: str | None = None
    played: str = ""
    assumed: str | None = None
    line: tuple[str, str] | None = None
    level: Level = Level.READ
    whose: Literal["user", "app", "nobody"] = "user"
    scopes: frozenset[Scope] = frozenset()
    steps: tuple[Step, ...] = ()
    ask: Ask | None = None
    unasked: str = ""

    @property
    def source(self) -> tuple[str, str] | None:
        """Where `assumed` is stated: the file, and the beginning of the line."""
        if self.line is not None or self.quirk is None:
            return self.line
        return "emulator/engine/quirks.py", f"    {self.quirk.rpartition('.')[2]}: "


def answered(side: str | None, **facts: Fact) -> Answer:
    """Return the answer *side*, or an undecided answer without one."""
    return undecided(**facts) if side is None else Answer(outcome=Outcome.ANSWERED, side=side, facts=facts)


def undecided(**facts: Fact) -> Answer:
    """Return the answer that no side was seen."""
    return Answer(outcome=Outcome.UNDECIDED, facts=facts)
