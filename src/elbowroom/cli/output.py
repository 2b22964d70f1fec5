"""What goes to the terminal: paragraphs for people, one JSON document for programs."""

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, TextIO


def wrap(text: str, width: int | None = None) -> str:
    """`text` as one paragraph of the terminal's width; lines that begin with four spaces stay as they are."""
    if width is None:
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    blocks: list[str] = []
    running: list[str] = []
    for line in text.strip("\n").splitlines():
        if line.startswith("    "):
            blocks.extend(_fill(running, width))
            running = []
            blocks.append(line)
        elif line.strip():
            running.append(line.strip())
    blocks.extend(_fill(running, width))
    return "\n".join(blocks)


def _fill(lines: Sequence[str], width: int) -> list[str]:
    if not lines:
        return []
    return [textwrap.fill(" ".join(lines), width=max(width, 30), break_long_words=False, break_on_hyphens=False)]


def complain(text: str) -> None:
    """Write one paragraph to stderr."""
    print(wrap(text), file=sys.stderr)


def coloured(stream: TextIO) -> bool:
    """Whether `stream` is a terminal for which nobody has set `NO_COLOR`."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def bold(text: str) -> str:
    """`text` in bold where stdout is a terminal that may be coloured."""
    return f"\033[1m{text}\033[0m" if coloured(sys.stdout) else text


def print_json(document: Mapping[str, Any]) -> None:
    """Write `document` to stdout as JSON; what is not finite becomes null, because JSON has no such numbers."""
    print(json.dumps(finite(document), indent=2, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> Any:
    """`value` with every number that JSON cannot write replaced by None, at any depth."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
