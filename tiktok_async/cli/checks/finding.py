"""The findings of a check."""

from enum import StrEnum

from attrs import frozen


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    DOUBTFUL = "doubtful"
    """It may be intended, or it could not be checked."""
    DANGEROUS = "dangerous"
    """Calls will fail, or tokens can be lost or stolen."""


@frozen(slots=True)
class Finding:
    """One line of the doctor's output.

    Attributes:
        subject: What was checked.
        level: How bad it is.
        what: What was found; it contains no secret.
        advice: What to do about it.
    """

    subject: str
    level: Level
    what: str
    advice: str | None = None
