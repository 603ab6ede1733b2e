"""Pickles that 0.1 made: the names in them are found at their present place."""

import base64
import importlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import tiktok_async
from tiktok_async import errors, models

_MADE: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "pickles_0_1.json").read_text(encoding="utf-8")
)
# Bound to a session or to a file, so they never pickled.
_NEVER_PICKLED = {
    *("Account", "Archive", "ComplianceTask", "LocalRateLimiter", "OAuth", "Pages", "Portability"),
    *("PortabilityRequest", "Publish", "QrLogin", "Research", "Secret", "SyncPage", "SyncResult", "TikTokSession"),
    *("Token", "WebhookReceiver", "CheckpointStore"),
}


@pytest.mark.parametrize("name", sorted(_MADE["homes"].keys() - _NEVER_PICKLED))
def test_a_class_is_found_under_the_module_that_it_had(name: str) -> None:
    then = importlib.import_module(_MADE["homes"][name])
    assert getattr(then, name) is getattr(tiktok_async, name)


@pytest.mark.parametrize("name", sorted(_MADE["pickles"]))
def test_an_old_pickle_can_still_be_read(name: str) -> None:
    value: Any = pickle.loads(base64.b64decode(_MADE["pickles"][name]))
    assert type(value).__module__.startswith("tiktok_async.")
    assert pickle.loads(pickle.dumps(value)) == value or str(pickle.loads(pickle.dumps(value))) == str(value)


def test_an_error_of_an_old_pickle_keeps_its_message() -> None:
    limited: Any = pickle.loads(base64.b64decode(_MADE["pickles"]["RateLimited"]))
    assert isinstance(limited, errors.RateLimited)
    assert (limited.code, limited.log_id, limited.open_id) == ("rate_limit_exceeded", "L", "open-1")


def test_the_module_of_today_keeps_its_own_name_and_spec() -> None:
    importlib.import_module("tiktok_async.models._token")
    today = importlib.import_module(models.Token.__module__)
    assert today.__spec__ is not None
    assert today.__spec__.name == today.__name__ == "tiktok_async.models._tokens"
