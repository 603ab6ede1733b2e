"""The example store in the documentation passes the contract of token stores."""

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-store.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

namespace: dict[str, Any] = {"__name__": __name__}
exec(compile("\n".join(BLOCKS), str(PAGE), "exec"), namespace)

TestTableStore = namespace["TestTableStore"]


def test_the_example_stays_short_enough_to_be_read() -> None:
    code = [line for line in BLOCKS[0].splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(code) <= 70
