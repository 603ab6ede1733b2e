"""The emulator for synchronous tests, its error messages, and the faults that it refuses to plan."""

import re
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from aioresponses import aioresponses
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import free_port
from tiktok_async import (
    AuthorizationRemoved,
    Endpoint,
    PrivacyLevel,
    RetryPolicy,
    ServerError,
    TikTokSession,
    TransportError,
    VideoPost,
    WebhookReceiver,
)
from tiktok_async.blocking import Runner
from tiktok_async.emulator import Emulator, EmulatorThread


def test_synchronous_code_logs_in_and_lists(
    tiktok_emulator_thread: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in tiktok_emulator_thread.env().items():
        monkeypatch.setenv(name, value)
    user = tiktok_emulator_thread.add_user(videos=3)
    with Runner(TikTokSession.from_env) as tiktok:
        request = tiktok.session.oauth.authorization("http://127.0.0.1:8914/callback/", ["video.list"])
        callback = tiktok_emulator_thread.consent(request.url, user)
        account = tiktok.run(tiktok.session.oauth.complete(request, callback))
        tiktok_emulator_thread.fail_next(Endpoint.VIDEO_LIST, status=500)
        assert len(tiktok.run(account.videos().collect())) == 3
        assert tiktok_emulator_thread.requests.statuses[Endpoint.VIDEO_LIST, 500] == 1


def test_every_effect_of_advance_is_done_when_it_returns(tiktok_emulator_thread: EmulatorThread) -> None:
    emulator = tiktok_emulator_thread
    emulator.plan_timeline(processing=timedelta(minutes=2))
    with Runner(emulator.session) as tiktok:
        account = tiktok.run(emulator.connect(tiktok.session, emulator.add_user()))
        post = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)
        publish = tiktok.run(account.post_video(b"any bytes", post))
        for _ in tiktok.iterate(publish.upload()):
            pass
        assert emulator.posts[-1].status == "PROCESSING_UPLOAD"
        emulator.clock.advance(timedelta(minutes=2))
        assert emulator.posts[-1].status == "PUBLISH_COMPLETE"


def test_webhooks_are_sent_from_the_thread_and_a_test_can_wait_for_them() -> None:
    seen: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names it
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server, EmulatorThread() as emulator:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        emulator.webhook_url = f"http://127.0.0.1:{server.server_port}/"
        emulator.send_webhook("authorization.removed", {"reason": 1}, emulator.add_user())
        emulator.webhooks_sent()
        server.shutdown()
        serving.join()
    assert b"authorization.removed" in seen[0]


def test_a_port_in_use_is_an_error_of_start() -> None:
    with EmulatorThread() as first, pytest.raises(OSError, match="in use"):
        EmulatorThread(port=int(first.url.rpartition(":")[2])).start()


def test_a_call_of_a_closed_emulator_is_an_error() -> None:
    with EmulatorThread(port=free_port()) as emulator:
        user = emulator.add_user()
    emulator.close()
    with pytest.raises(RuntimeError, match="with EmulatorThread"):
        emulator.consent("http://127.0.0.1:1/", user)


@given(st.sampled_from(list(Endpoint)), st.sampled_from(["", "/"]))
def test_a_fault_is_planned_by_endpoint_path_or_name(endpoint: Endpoint, slash: str) -> None:
    emulator = Emulator()
    for named in (endpoint, endpoint.path.rstrip("/") + slash, endpoint.name, endpoint.name.lower()):
        emulator.fail_next(named)
        assert emulator.state.faults.take(endpoint, None) is not None


@pytest.mark.parametrize("wrong", ["", "/v2/video/lst/", "videolist", "/_emulator/faults", "admin"])
def test_a_fault_for_an_unknown_endpoint_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="serves no endpoint"):
        Emulator().fail_next(wrong)


def test_the_error_for_a_misspelt_endpoint_names_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="v2/video/list"):
        Emulator().fail_next("/v2/video/lst/")


def test_a_signed_webhook_is_accepted_by_its_app() -> None:
    emulator = Emulator()
    user = emulator.add_user(open_id="somebody")
    webhook = emulator.signed_webhook("authorization.removed", {"reason": 1}, user)
    receiver = WebhookReceiver(emulator.client_key, emulator.client_secret)
    event = receiver.parse(webhook.body, webhook.headers["TikTok-Signature"])
    assert isinstance(event, AuthorizationRemoved)
    assert event.open_id == "somebody"
    assert not emulator.webhooks
    assert "somebody" not in repr(webhook)


USERS = re.compile(r"https://open\.tiktokapis\.com/v2/user/info/.*")
TOKENS = "https://open.tiktokapis.com/v2/oauth/token/"
GRANTED = {
    "access_token": "act.a",
    "refresh_token": "rft.a",
    "open_id": "somebody",
    "scope": "user.info.basic",
    "expires_in": 7200,
    "refresh_expires_in": 9000,
    "token_type": "Bearer",
}


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        ({"status": 503, "body": "<html>no JSON</html>"}, ServerError),
        ({"status": 500, "body": ""}, ServerError),
        ({"status": 200, "body": "\x00\xff"}, ServerError),
        ({"status": 200, "body": "{"}, ServerError),
        ({"exception": TimeoutError()}, TransportError),
        ({"exception": ConnectionResetError()}, TransportError),
    ],
)
async def test_a_malformed_answer_is_an_error_of_the_sdk(
    tiktok_responses: aioresponses, odd: dict[str, object], error: type[Exception]
) -> None:
    tiktok_responses.post(TOKENS, payload=GRANTED)
    tiktok_responses.get(USERS, **odd)
    async with TikTokSession(client_key="k", client_secret="s", retry=RetryPolicy(attempts=1)) as session:
        account = await session.oauth.exchange("code", redirect_uri="https://app.example.com/", code_verifier=None)
        with pytest.raises(error):
            await account.user_info()


def test_the_first_test_of_the_guide_runs_when_it_is_copied(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    block = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "test_mine.py").write_text(block, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout
