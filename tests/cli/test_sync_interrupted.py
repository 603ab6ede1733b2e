"""An interrupted sync continues where it stopped."""

import asyncio
import signal
from datetime import timedelta

from tests.cli.conftest import Shell
from tiktok_async.models import Endpoint


async def test_the_run_after_ctrl_c_syncs_only_the_remaining_accounts(shell: Shell) -> None:
    users = [shell.emulator.add_user(videos=3) for _ in range(6)]
    for user in users:
        await shell.log_in(user)
    slow = users[:2]
    for user in slow:
        shell.emulator.fail_next(Endpoint.VIDEO_LIST, delay=timedelta(hours=1), user=user)
    process = await shell.start("sync", "--to", "videos.db", "--json", "--concurrency", "3")
    assert process.stdout is not None
    done = [await asyncio.wait_for(process.stdout.readline(), 100) for _ in range(4)]
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 130
    assert len(done) == 4
    second = await shell.run("sync", "--to", "videos.db", "--json")
    assert second.code == 0
    fresh = [line for line in second.out.splitlines() if '"videos":0' not in line]
    # The last account before Ctrl-C was written, and may be synced again.
    assert 2 <= len(fresh) <= 3
    assert all(any(user.open_id in line for line in fresh) for user in slow)
