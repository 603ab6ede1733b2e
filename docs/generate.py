"""Writes the pages that follow from the code: coverage, disputes, a page for each error, the map of folders, llms.txt.

`python docs/generate.py` writes them; a test says when that was forgotten.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

from made_coverage import coverage  # noqa: E402 - they lie beside this script, in no package
from made_disputed import disputed  # noqa: E402 - as above
from made_errors import error_index, error_pages  # noqa: E402 - as above
from made_map import folder_map  # noqa: E402 - as above

MADE = "<!-- Made by docs/generate.py: change that, and run it. -->\n\n"

_LLMS = """
# tiktok-async

> The asyncio SDK for TikTok's official v2 API: login, tokens that survive fleets, exact rate limits, resumable
> publishing, and an emulator of TikTok to test against. Python 3.11 or newer.

Each link is the page's Markdown source.

## Pages
""".lstrip()


def pages() -> Mapping[Path, str]:
    """Return every generated file with its text."""
    found = {
        DOCS / "coverage.md": MADE + coverage(),
        DOCS / "disputed.md": MADE + disputed(),
        DOCS / "errors" / "index.md": MADE + error_index(),
    }
    for name, text in error_pages():
        found[DOCS / "errors" / f"{name}.md"] = MADE + text
    found[DOCS / "llms.txt"] = llms(found)
    found[DOCS / "_static" / "folders.svg"] = folder_map()
    return found


def llms(made: Mapping[Path, str]) -> str:
    """Return the list of all pages for readers that are programs; the pages of errors are found from theirs."""
    parts = [_LLMS]
    for folder in ("", "reference/"):
        for name in _listed(DOCS / f"{folder}index.md"):
            path = DOCS / f"{folder}{name}.md"
            text = made[path] if path in made else path.read_text(encoding="utf-8")
            title, summary = _head(text) if name != "changelog" else ("Changelog", "What changed, by version.")
            parts.append(f"- [{title}](_sources/{folder}{name}.md.txt): {summary}")
    return "\n".join(parts) + "\n"


def _listed(index: Path) -> list[str]:
    trees = re.findall(r"```\{toctree\}\n(.*?)```", index.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r"^[a-z][\w/-]*$", "\n".join(trees), re.MULTILINE)


def _head(text: str) -> tuple[str, str]:
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    body = text[title.end() :] if title else text
    paragraph = next(part for part in re.split(r"\n\n+", body) if re.match(r"[A-Z`*\[]", part.strip()))
    words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    sentence = re.match(r".+?\.(?=\s|$)", words)
    return (title[1] if title else ""), (sentence[0] if sentence else words)


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
