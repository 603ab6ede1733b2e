"""Every question, by subject. The documentation's page of disputes is made from them."""

from collections.abc import Mapping

from tiktok_async.probe._question import Question
from tiktok_async.probe.questions import display, drafts, login, posts, research, tokens, unasked

__all__ = ["BY_ID", "QUESTIONS"]

QUESTIONS: tuple[Question, ...] = (
    *tokens.QUESTIONS,
    *login.QUESTIONS,
    *display.QUESTIONS,
    *drafts.QUESTIONS,
    *posts.QUESTIONS,
    *research.QUESTIONS,
    *unasked.QUESTIONS,
)

BY_ID: Mapping[str, Question] = {question.id: question for question in QUESTIONS}
