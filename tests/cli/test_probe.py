"""`tiktok-async probe`: the plan, the file, what it refuses, and how it is continued."""

import json

from tests.cli.conftest import Shell
from tiktok_async.models import Endpoint


async def test_a_probe_writes_a_report_that_only_its_owner_can_read_and_replays_it(shell: Shell) -> None:
    user = shell.emulator.add_user(videos=5, display_name="Ann Canary")
    await shell.log_in(user)
    done = await shell.run("probe", "--yes", "--out", "report.json")
    assert done.code == 0, done.err
    file = shell.folder / "report.json"
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    hidden = [user.open_id, "Canary", shell.emulator.client_key, shell.emulator.client_secret, "act.", "rft."]
    assert [one for one in hidden if one in text + done.out + done.err] == []
    report = json.loads(text)
    assert (report["level"], report["stopped"]) == ("read", None)
    assert f"{Endpoint.VIDEO_LIST.path}, TikTok's limit: 600 in 60 s" in done.err
    assert "A profile without `fields`: `fields` is required" in done.err
    assert not shell.emulator.refreshes
    # The run leaves only the report.
    assert list((shell.folder / ".local/state/tiktok-async/probe").iterdir()) == []
    report["answers"] = [
        {**row, "side": "false"} if row["question"] == "fields_required" else row for row in report["answers"]
    ]
    (shell.folder / "other.json").write_text(json.dumps(report))
    replayed = await shell.run("probe", "--replay", "other.json")
    assert replayed.code == 0, replayed.err
    assert "A profile without `fields`\tleft out in the guide of mini games\t" in replayed.out
    assert "emulator/engine/quirks.py:" in replayed.out


async def test_a_stopped_probe_can_be_continued(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=5))
    shell.emulator.fail_next(Endpoint.VIDEO_LIST, status=429, code="rate_limit_exceeded")
    stopped = await shell.run("probe", "--yes", "--out", "first.json")
    assert stopped.code == 1
    assert "rate_limit_exceeded, so nothing more was asked" in stopped.err
    done = await shell.run("probe", "--yes", "--continue", "--out", "second.json")
    assert done.code == 0, done.err
    first, second = (json.loads((shell.folder / name).read_text()) for name in ("first.json", "second.json"))
    assert first["stopped"] == "rate_limit_exceeded"
    assert len(first["answers"]) < len(second["answers"])


async def test_a_probe_refuses_wrong_options_before_any_request(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    shell.emulator.requests.clear()
    (shell.folder / "there.json").write_text("mine")
    for options, reason in (
        (["--level", "post", "--yes"], "--self-only"),
        (["--out", "there.json", "--yes"], "already exists"),
        ([], "use --yes"),
        (["--continue", "--yes"], "No run of this account"),
        (["--replay", "there.json"], "not a report"),
    ):
        done = await shell.run("probe", *options)
        assert (done.code, reason in done.err) == (2, True), done.err
    assert (shell.folder / "there.json").read_text() == "mine"
    assert len(shell.emulator.requests) == 0
