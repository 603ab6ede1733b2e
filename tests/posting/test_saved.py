"""A saved publish is restored completely, and an invalid one is refused and not shown."""

import json
from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import ConfigurationError, Secret, plan_chunks
from tiktok_async.api.posting.rules.saved import Fingerprint, PublishRecord, UploadRecord

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ADDRESS = "https://open-upload.tiktokapis.com/video/?upload_token=secret-0001"


def record(size: int = 50_000_123, chunk_size: int | None = 10_000_000, sent: int = 0) -> PublishRecord:
    plan = plan_chunks(size, chunk_size)
    return PublishRecord(
        publish_id="v_pub_file~v2-1.7601447475849021452",
        open_id="user-1",
        started_at=NOW,
        upload=UploadRecord(
            address=Secret(ADDRESS),
            plan=plan,
            sent=sent,
            content_type="video/quicktime",
            fingerprint=Fingerprint(size=size, sample="ab" * 32, mtime_ns=1_700_000_000_123_456_789),
            path="/videos/\N{CLAPPER BOARD}.mov",
        ),
    )


@given(size=st.integers(1, 2**32), share=st.floats(0, 1))
def test_a_saved_publish_is_restored(size: int, share: float) -> None:
    saved = record(size, None, int(size * share))
    assert PublishRecord.parse(saved.to_json(), open_id="user-1") == saved


def test_a_saved_post_without_an_upload_is_restored_too() -> None:
    for started_at in (NOW, None):
        saved = PublishRecord(publish_id="p_pub_url~v2.1", open_id="user-1", started_at=started_at)
        assert PublishRecord.parse(saved.to_json(), open_id="user-1") == saved


def test_the_upload_of_a_source_that_is_not_a_file_is_restored_too() -> None:
    saved = record()
    assert saved.upload is not None
    mark = evolve(saved.upload.fingerprint, mtime_ns=None)
    saved = evolve(saved, upload=evolve(saved.upload, path=None, fingerprint=mark))
    assert PublishRecord.parse(saved.to_json(), open_id="user-1") == saved


def test_progress_is_reported_for_uploads() -> None:
    assert record().with_sent(10_000_000) == record(sent=10_000_000)
    fetched = PublishRecord(publish_id="p_pub_url~v2.1", open_id="user-1")
    assert fetched.with_sent(1) is fetched


def test_an_upload_has_an_hour() -> None:
    assert record().expires_at == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert PublishRecord(publish_id="p", open_id="user-1").expires_at is None


@pytest.mark.parametrize("text", ["v_pub_file~v2-1.7601447475849021452", "p_inbox_url~v2.1", " p_pub_url~v2.1\n"])
def test_a_publish_id_alone_is_enough(text: str) -> None:
    parsed = PublishRecord.parse(text, open_id="user-1")
    assert parsed == PublishRecord(publish_id=text.strip(), open_id="user-1")


def test_the_state_shows_its_upload_url_only_in_its_saved_form() -> None:
    saved = record()
    assert ADDRESS in saved.to_json()
    assert "secret-0001" not in f"{saved!r} {saved}"


@pytest.mark.parametrize(
    "text", ["", "no id at all", "[]", '"x"', "{", "{}", '{"tiktok_publish": 1}', "a" * 129, "<html>", "{" * 100_000]
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"neither .* nor a publish_id|cannot be read \((Key|JSONDecode|Recursion)"
    ):
        PublishRecord.parse(text, open_id="user-1")


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ("", "publish_id", "<html>"),
        ("", "publish_id", ""),
        ("", "open_id", 5),
        ("", "started_at", "2026-11-20T10:00:00"),
        ("", "started_at", "yesterday"),
        ("upload", "url", 5),
        ("upload", "url", ""),
        ("upload", "sample", 5),
        ("upload", "path", ""),
        ("upload", "sent", -1),
        ("upload", "sent", True),
        ("upload", "sent", 1.0),
        ("upload", "sent", 50_000_124),
        ("upload", "size", -5),
        ("upload", "chunk_size", 50_000_124),
        ("upload", "mtime_ns", "1"),
        ("upload", "content_type", "video"),
    ],
)
def test_a_state_whose_parts_are_impossible_is_refused(place: str, name: str, value: object) -> None:
    state = json.loads(record().to_json())
    (state[place] if place else state)[name] = value
    with pytest.raises(ConfigurationError, match=r"cannot be read \((Type|Value)Error\)") as caught:
        PublishRecord.parse(json.dumps(state), open_id="user-1")
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_another_accounts_state_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="belongs to account user-1"):
        PublishRecord.parse(record().to_json(), open_id="user-2")


def test_a_newer_format_asks_for_an_upgrade() -> None:
    data = json.loads(record().to_json()) | {"tiktok_publish": 2}
    with pytest.raises(ConfigurationError, match=r"format 2, .*upgrade"):
        PublishRecord.parse(json.dumps(data), open_id="user-1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
def test_a_changed_state_is_refused_or_read_and_never_breaks(data: st.DataObject) -> None:
    state = json.loads(record().to_json())
    target = data.draw(st.sampled_from([state, state["upload"]]))
    name = data.draw(st.sampled_from(sorted(target)))
    if data.draw(st.booleans()):
        del target[name]
    else:
        target[name] = data.draw(JSON)
    refused: Exception | None = None
    try:
        parsed = PublishRecord.parse(json.dumps(state), open_id="user-1")
    except ConfigurationError as error:
        refused = error
    else:
        assert parsed.upload is None or parsed.upload.sent <= parsed.upload.plan.size
    shown = "" if refused is None else f"{refused!r} {refused.__cause__!r} {refused.__context__!r}"
    assert "secret-0001" not in shown


def test_a_header_cannot_be_smuggled_in_by_a_state() -> None:
    state = json.loads(record().to_json())
    state["upload"]["content_type"] = "video/mp4\r\nX-Evil: 1"
    with pytest.raises(ConfigurationError):
        PublishRecord.parse(json.dumps(state), open_id="user-1")


def test_a_fingerprint_is_made_of_size_sample_and_time() -> None:
    mark = Fingerprint(size=10, sample="aa", mtime_ns=5)
    assert mark.matches(Fingerprint(size=10, sample="aa", mtime_ns=5))
    assert mark.matches(Fingerprint(size=10, sample="aa"))
    assert not mark.matches(Fingerprint(size=10, sample="aa", mtime_ns=6))
    assert not mark.matches(Fingerprint(size=11, sample="aa", mtime_ns=5))
    assert not mark.matches(Fingerprint(size=10, sample="bb", mtime_ns=5))
