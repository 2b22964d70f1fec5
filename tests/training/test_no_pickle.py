"""Loading runs no code: nothing in the package reads or writes pickles."""

import re
from pathlib import Path

import elbowroom

FORBIDDEN = re.compile(
    r"^\s*(import|from)\s+(pickle|cloudpickle|dill|joblib|shelve|marshal)\b|allow_pickle\s*=\s*True|(?<![.\w])(eval|exec)\(",
    re.M,
)


def test_D30_the_package_neither_imports_nor_allows_pickle():
    files = list(Path(elbowroom.__file__).parent.rglob("*.py"))
    assert len(files) > 30
    for file in files:
        text = file.read_text(encoding="utf-8")
        found = FORBIDDEN.search(text)
        assert found is None, f"{file.name}: {found.group(0)}"
        for call in re.finditer(r"np\.load\((?P<arguments>[^)]*)\)", text):
            assert "allow_pickle=False" in call.group("arguments"), f"{file.name}: {call.group(0)}"
