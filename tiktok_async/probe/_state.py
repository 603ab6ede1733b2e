"""A run in a file, so another process can continue it: the answered questions, and the steps that sent media."""

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson
from attrs import define, field

from tiktok_async._files import create_private
from tiktok_async.errors import ConfigurationError
from tiktok_async.probe._question import Answer, Level
from tiktok_async.probe.questions import BY_ID, QUESTIONS
from tiktok_async.probe.rules.report import make_report, read_answers

__all__ = ["RunState", "mark_of"]

_MOST_BYTES = 1024 * 1024


def mark_of(client_key: str, open_id: str) -> str:
    """Return a digest that marks an account of an app and reveals neither."""
    return hashlib.sha256(f"tiktok-async probe\0{client_key}\0{open_id}".encode()).hexdigest()[:24]


@define(kw_only=True)
class RunState:
    """What a run has found so far. It holds what a report would hold, and the names of steps.

    Attributes:
        file: The file that keeps it; `None`: none.
        mark: The mark of its account.
        level: What it may do.
        answers: The answers, by question.
        begun: Steps that send media and were begun.
        earlier: Those of them that an earlier process began.
    """

    file: Path | None
    mark: str
    level: Level
    answers: dict[str, Answer] = field(factory=dict[str, Answer])
    begun: set[str] = field(factory=set[str])
    earlier: frozenset[str] = frozenset()

    @classmethod
    def load(cls, file: Path, mark: str) -> Self:
        """Return the run that *file* keeps.

        Raises:
            ConfigurationError: There is none, or it belongs to another account.
        """
        try:
            with file.open("rb") as opened:
                saved: Any = orjson.loads(opened.read(_MOST_BYTES))
            begun = {str(step) for step in saved["begun"]}
            level, whose = Level(saved["level"]), saved["mark"]
            answers = read_answers(saved["report"], BY_ID)
        except FileNotFoundError:
            raise ConfigurationError("No run of this account was interrupted. Start one without --continue.") from None
        except (OSError, ValueError, TypeError, KeyError, ConfigurationError):
            raise ConfigurationError(f"{file} holds no run that can go on. Start one without --continue.") from None
        if whose != mark:
            raise ConfigurationError(f"{file} holds the run of another account. Name that one by --account.")
        return cls(file=file, mark=mark, level=level, answers=answers, begun=begun, earlier=frozenset(begun))

    def add(self, question: str, answer: Answer) -> None:
        """Add an answer and save the run."""
        self.answers[question] = answer
        self.save()

    def begin(self, step: str) -> None:
        """Save that *step* is about to send media."""
        self.begun.add(step)
        self.save()

    def save(self) -> None:
        """Replace the file; a crash leaves the old one or the new one.

        Raises:
            ConfigurationError: It cannot be written.
        """
        if self.file is None:
            return
        report = make_report(
            QUESTIONS,
            self.answers,
            library="0.0",
            asked_on=f"{datetime.now(UTC):%Y-%m-%d}",
            server="another",
            level=self.level,
            stopped=None,
        )
        saved = {"mark": self.mark, "level": str(self.level), "begun": sorted(self.begun), "report": report}
        fresh = self.file.with_name(f".{self.file.name}.{secrets.token_hex(8)}")
        try:
            with create_private(fresh) as opened:
                opened.write(orjson.dumps(saved))
            fresh.replace(self.file)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise ConfigurationError(
                f"The run is kept in {self.file}, which cannot be written: {error.strerror}."
            ) from None

    def forget(self) -> None:
        """Remove the file: the run is over."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)
