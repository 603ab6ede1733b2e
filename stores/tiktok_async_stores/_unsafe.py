"""Reporting settings that endanger tokens: one log record each, and the caller's callback."""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktok_async.models import StoreUnsafe

_log = logging.getLogger("tiktok_async.stores")

OnUnsafe = Callable[["StoreUnsafe"], None]


def report_unsafe(findings: Iterable["StoreUnsafe"], on_unsafe: OnUnsafe | None) -> None:
    """Log each finding and pass it to *on_unsafe*; an error of the callback is only logged."""
    for finding in findings:
        _log.warning("The store is unsafe: %s. %s", finding.setting, finding.advice, extra={"setting": finding.setting})
        if on_unsafe is None:
            continue
        try:
            on_unsafe(finding)
        except Exception:  # noqa: BLE001 - an error of an observer is only logged
            _log.exception("on_unsafe failed")
