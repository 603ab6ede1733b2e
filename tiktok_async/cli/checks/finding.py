"""What a check finds."""

from enum import StrEnum

from attrs import frozen


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    DOUBTFUL = "doubtful"
    """It may be meant so, or could not be looked at."""
    DANGEROUS = "dangerous"
    """Calls will fail, or tokens can be lost or stolen."""


@frozen(slots=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        subject: What was looked at.
        level: How bad it is.
        what: What was found; no secret.
        advice: What to do about it.
    """

    subject: str
    level: Level
    what: str
    advice: str | None = None
