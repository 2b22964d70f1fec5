"""How the run was made: its settings, the versions, and the commands that make it again."""

import json
from collections.abc import Mapping
from typing import Any

from elbowroom.report.commands import settings_file
from elbowroom.report.contents import Contents
from elbowroom.report.markup import Markup, element, table


def settings_section(contents: Contents) -> Markup:
    """Settings and versions."""
    rows = [
        (f"{section}.{name}", shown(value))
        for section, found in contents.config["settings"].items()
        for name, value in (found or {}).items()
    ]
    dataset = contents.config["dataset"]
    sizes = ", ".join(f"{count:,} {split}" for split, count in dataset["sizes"].items())
    rows += [("data", f"{sizes}; SHA-256 {dataset['fingerprint']}")]
    versions = [(package, number) for package, number in contents.config["versions"].items()]
    return element(
        "section",
        element("h2", "Settings and versions"),
        element(
            "div",
            table("Settings", ("setting", "value"), rows, class_="settings"),
            table("Versions", ("package", "version"), versions),
            class_="two",
        ),
        id="settings",
    )


def reproduction_section(contents: Contents) -> Markup:
    """The commands that make the run again."""
    file = settings_file(contents.config["settings"])
    rest = (element("p", "with settings.toml:"), element("pre", file)) if file else ()
    return element(
        "section",
        element("h2", "Make it again"),
        element("p", "The same seed on the same machine with the same versions gives the same bits."),
        element("pre", "\n".join(contents.commands)),
        *rest,
        id="again",
    )


def shown(value: Any) -> str:
    """A setting as a person writes it.

    >>> shown([200, 200]), shown({"beta": 4.0}), shown({}), shown(None)
    ('200, 200', '{"beta": 4.0}', 'none', 'none')
    """
    if value is None or value == {}:
        return "none"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return json.dumps(value) if isinstance(value, Mapping) else str(value)
