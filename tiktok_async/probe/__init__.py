"""Asks TikTok about what its pages dispute, and reports nothing about the account: `tiktok-async probe`.

Each question is a row of data with a function, in `questions`. A report holds only words of an allow list.
"""

from tiktok_async.probe._contradictions import Contradiction, contradictions, line_of
from tiktok_async.probe._question import Answer, Level, Outcome, Question, Step
from tiktok_async.probe._runner import Plan, PlannedCalls, Probe
from tiktok_async.probe._state import RunState, mark_of
from tiktok_async.probe._watch import Watch
from tiktok_async.probe.questions import BY_ID, QUESTIONS

__all__ = [
    "BY_ID",
    "QUESTIONS",
    "Answer",
    "Contradiction",
    "Level",
    "Outcome",
    "Plan",
    "PlannedCalls",
    "Probe",
    "Question",
    "RunState",
    "Step",
    "Watch",
    "contradictions",
    "line_of",
    "mark_of",
]
