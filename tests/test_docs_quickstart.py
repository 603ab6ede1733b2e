"""The quickstart works as it is typed; only the ports are others, so that two runs of it do not meet."""

import asyncio
import sys
from pathlib import Path

from tests.conftest import free_port
from tests.test_docs import BIN, QUICKSTART, blocks, installs, language_of, run_commands

# The steps of a person on the consent page: open it, and press Allow for the first creator.
_PERSON = """
import re, sys, urllib.parse, urllib.request
address = sys.argv[1]
page = urllib.request.urlopen(address).read().decode()
user = re.search(r'name="user" value="([^"]+)"', page)[1]
asked = urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query)
scopes = dict(asked)["scope"].split(",")
form = asked + [("user", user), ("decision", "allow")] + [("grant", scope) for scope in scopes]
urllib.request.urlopen(address.partition("?")[0], urllib.parse.urlencode(form).encode()).read()
"""


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def mode_of(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


async def test_the_quickstart_works_as_it_is_typed(tmp_path: Path) -> None:
    ports = {"8900": str(free_port()), "8734": str(free_port())}

    def typed(text: str) -> str:
        for port, other in ports.items():
            text = text.replace(port, other)
        return text

    commands = [typed(str(one.parsed)) for one in blocks(QUICKSTART) if language_of(one) == "sh"]
    install, newcomer, serve, export, login, run, away = commands
    assert installs(install.strip())
    assert away.startswith("unset ")
    twelve_lines, program = [str(one.parsed) for one in blocks(QUICKSTART) if language_of(one) == "python"]
    write(tmp_path / "newcomer.py", twelve_lines)
    write(tmp_path / "first.py", program)
    write(tmp_path / "person.py", _PERSON)
    assert len([line for line in twelve_lines.splitlines() if line.strip()]) <= 12
    seen = await run_commands(newcomer, tmp_path, {"PYTHONWARNINGS": "error"})
    assert seen.splitlines()[-1] == "PUBLISH_COMPLETE"

    browser = f"{sys.executable} {tmp_path}/person.py %s &"

    server = await asyncio.create_subprocess_exec(
        *(str(BIN / "tiktok-async"), *serve.split()[1:]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        printed = [(await server.stdout.readline()).decode().strip() for _ in range(4)]
        exported = [line.removeprefix("export ") for line in export.splitlines()]
        assert exported[:4] == printed, "the page exports what the emulator prints"
        environment = {"BROWSER": browser, "PYTHONWARNINGS": "error"}
        await run_commands(export + login, tmp_path, environment)
        output = await run_commands(export + run, tmp_path, environment)
    finally:
        server.terminate()
        await server.wait()
    lines = output.splitlines()
    assert lines[0].startswith("Hello, ")
    assert len(lines) == 8, output
    assert lines[-1] == "The end of it: PUBLISH_COMPLETE"
    assert mode_of(tmp_path / "tokens.db") == "600", "only its owner reads it"
