"""A report: built from the allow list, then checked against it and against everything that was seen."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from tiktok_async.errors import ConfigurationError, ReportRefused
from tiktok_async.probe._question import Answer, Level, Outcome, Question
from tiktok_async.probe.rules.words import FACTS, MOST, WORDS

__all__ = ["FORMAT", "check_texts", "check_words", "make_report", "read_answers"]

FORMAT: Final = 1

_TOP: Final = ("format", "library", "asked_on", "server", "level", "stopped", "answers")
_ROW: Final = ("question", "outcome", "quirk", "side", "facts")
_SERVERS: Final = ("tiktok", "another")
_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_VERSION: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}(?:\.?(?:dev|rc|a|b|post)[0-9]{1,6})?", re.ASCII)


def make_report(
    questions: Iterable[Question],
    answers: Mapping[str, Answer],
    *,
    library: str,
    asked_on: str,
    server: str,
    level: Level,
    stopped: str | None,
) -> dict[str, Any]:
    """Return the report of a run.

    Args:
        questions: All questions.
        answers: The answers, by the question's id.
        library: This library's version; a local part of it is left out.
        asked_on: The day, as ISO 8601.
        server: `tiktok`, or `another`.
        level: The level of the run.
        stopped: The sign of harm it stopped at, if it did.
    """
    version = _VERSION.match(library)
    return {
        "format": FORMAT,
        "library": version[0] if version else "0.0",
        "asked_on": asked_on,
        "server": server,
        "level": str(level),
        "stopped": stopped,
        "answers": [
            {
                "question": question.id,
                "outcome": str(answer.outcome),
                "quirk": question.quirk,
                "side": answer.side,
                "facts": dict(answer.facts),
            }
            for question in questions
            if (answer := answers.get(question.id)) is not None
        ],
    }


def check_words(report: object, questions: Mapping[str, Question]) -> None:
    """Refuse a report with anything but words and numbers of the allow list.

    Args:
        report: The JSON value.
        questions: All questions, by id.

    Raises:
        ReportRefused: It has such a thing; `.where` says where.
    """
    top = _object(report, _TOP, "the report")
    _must(top["format"] == FORMAT and type(top["format"]) is int, "format")
    _must(isinstance(top["library"], str) and _VERSION.fullmatch(top["library"]) is not None, "library")
    _must(isinstance(top["asked_on"], str) and _DAY.fullmatch(top["asked_on"]) is not None, "asked_on")
    _must(top["server"] in _SERVERS, "server")
    _must(top["level"] in list(Level), "level")
    _must(top["stopped"] is None or top["stopped"] in WORDS | {"429", "spam_risk"}, "stopped")
    _must(isinstance(top["answers"], list), "answers")
    for number, row in enumerate(top["answers"]):
        _check_row(row, questions, f"answers[{number}]")


def check_texts(text: str, seen: Iterable[str], report: Mapping[str, Any]) -> None:
    """Refuse a report that contains a text that was seen during the run.

    A text that is part of a word of the allow list, such as a title `video`, is no reason to refuse.

    Args:
        text: The report as it would be written.
        seen: Every secret and every free text of the run.
        report: The same as a value.

    Raises:
        ReportRefused: It contains one.
    """
    hits = [one for one in seen if one in text]
    if not hits:
        return
    own = "\n".join({*WORDS, *FACTS, *_TOP, *_ROW, *_SERVERS, *Level, *Outcome, *_names(report)})
    for hit in hits:
        if hit not in own:
            raise ReportRefused("it contains a text that TikTok or this app sent")


def read_answers(report: object, questions: Mapping[str, Question]) -> dict[str, Answer]:
    """Return the answers of a report.

    Raises:
        ConfigurationError: It is not a report, or contains something that no report may contain.
    """
    try:
        check_words(report, questions)
    except ReportRefused as error:
        raise ConfigurationError(f"This is no report of a probe: {error.where} is not of its form.") from None
    rows = cast("dict[str, Any]", report)["answers"]
    return {
        row["question"]: Answer(outcome=Outcome(row["outcome"]), side=row["side"], facts=row["facts"]) for row in rows
    }


def _names(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield this library's own words in a report: its header, and the names of questions and sides."""
    yield str(report["library"])
    yield str(report["asked_on"])
    for row in report["answers"]:
        yield from (str(row[name]) for name in ("question", "quirk", "side"))


def _check_row(row: object, questions: Mapping[str, Question], where: str) -> None:
    values = _object(row, _ROW, where)
    question = questions.get(values["question"]) if isinstance(values["question"], str) else None
    if question is None:
        raise ReportRefused(f"{where}.question")
    _must(values["outcome"] in list(Outcome), f"{where}.outcome")
    # An older version had no switch for some questions.
    _must(values["quirk"] in (question.quirk, None), f"{where}.quirk")
    _must(values["side"] is None or values["side"] in question.sides, f"{where}.side")
    _must((values["side"] is not None) == (values["outcome"] == Outcome.ANSWERED), f"{where}.side")
    _must(isinstance(values["facts"], dict), f"{where}.facts")
    for name, value in values["facts"].items():
        _must(name in FACTS, f"{where}.facts")
        for one in cast("list[object]", value) if isinstance(value, list) else [value]:
            _must(_allowed(one), f"{where}.facts.{name}")


def _allowed(value: object) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return 0 <= value <= MOST
    return isinstance(value, str) and value in WORDS


def _object(value: object, keys: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(cast("dict[str, Any]", value)) != set(keys):
        raise ReportRefused(where)
    return cast("dict[str, Any]", value)


def _must(good: bool, where: str) -> None:  # noqa: FBT001 - the assertion comes first, to be read first
    if not good:
        raise ReportRefused(where)
