"""Answers that contradict what this library assumes, each with the line that states the assumption."""

from collections.abc import Mapping
from importlib.resources import files

from attrs import frozen

from tiktok_async.probe._question import Answer, Question
from tiktok_async.probe.questions import QUESTIONS

__all__ = ["Contradiction", "contradictions", "line_of"]


@frozen(kw_only=True)
class Contradiction:
    """One answer that is not the assumed one.

    Attributes:
        question: What was asked.
        side: What TikTok answered.
        line: The line that states the assumed side, as `FILE:LINE` inside the package.
    """

    question: Question
    side: str
    line: str


def contradictions(answers: Mapping[str, Answer]) -> list[Contradiction]:
    """Return the answers that contradict what is assumed, in the order of the questions."""
    return [
        Contradiction(question=question, side=answer.side, line=line_of(question))
        for question in QUESTIONS
        if (answer := answers.get(question.id)) is not None
        and answer.side is not None
        and question.assumed is not None
        and answer.side != question.assumed
    ]


def line_of(question: Question) -> str:
    """Return the place that states what is assumed, as `FILE:LINE`; empty if nothing is."""
    if question.source is None:
        return ""
    name, start = question.source
    area = (question.quirk or "").rpartition(".")[0]
    text = files("tiktok_async").joinpath(*name.split("/")).read_text(encoding="utf-8")
    lines = text.splitlines()
    # Each area of the emulator has a class of quirks; the others are in `Quirks`.
    header = f"class {area.capitalize()}Quirks:" if question.quirk is not None else None
    inside = 0 if header is None else next(number for number, line in enumerate(lines) if line == header)
    return next(
        f"{name}:{number}" for number, line in enumerate(lines, 1) if number > inside and line.startswith(start)
    )
