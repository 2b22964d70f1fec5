"""`check`, `derive` and `solve` at the command line: exit statuses, JSON, pictures, hostile text."""

import dataclasses
import json

import pytest

from elbowroom.cli.agreement import Disagreement, compared
from elbowroom.cli.main import main
from elbowroom.derivation.derive import derive
from elbowroom.errors import Refused
from elbowroom.functional.problem_file import read_problem
from elbowroom.solution.solve import solve

PROBLEM = """
minimise = "E_q(z)[c(z)] + KL(q(z) || p(z))"
over = "q(z)"
[variables]
z = { finite = 3 }
[laws]
"p(z)" = [0.5, 0.3, 0.2]
[functions]
"c(z)" = "z"
"""


@pytest.fixture
def problem(tmp_path):
    file = tmp_path / "problem.toml"
    file.write_text(PROBLEM)
    return str(file)


@pytest.fixture
def document(tmp_path):
    def write(text: str, name: str = "note.md") -> str:
        file = tmp_path / name
        file.write_text(text)
        return str(file)

    return write


@pytest.mark.parametrize(
    ("statement", "status", "words"),
    [
        ("log p(x,z) = log p(x|z) + log p(z)", 0, "holds: proved"),
        ("log p(x,z) = log p(x|z) - log p(z)", 1, "left side ="),
        ("KL(q(z) || p(z)) >= 0", 0, "KL(q(z) || p(z)), which is not negative"),
        ("E_q(z|x)[log p(x,z)/q(z|x)] <= log p(x)", 0, "holds: proved"),
        ("H(q(z)) >= 0", 1, "measure of z"),
        ("log(-p(x)) = log(-p(x)) + 1", 3, "no finite world"),
        (r"D_{KL}(q(z)\|p(z)) = \mathbb{E}_{q(z)}\left[\log\frac{q(z)}{p(z)}\right]", 0, "holds: proved"),
        (r"\log p(x,z) = \log p(x|z)", 1, "fails"),
    ],
)
def test_check_of_one_statement(statement, status, words, capsys):
    assert main(["check", statement]) == status
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (r"$$\log p(x,z) = \log p(x|z) + \log p(z)$$", 0),
        (r"$$\log p(x,z) = \log p(x|z)$$ $$\sum_i p(x_i) = 1$$", 1),
        (r"$$\log p(x,z) = \log p(x|z) + \log p(z)$$ $$\sum_i p(x_i) = 1$$", 3),
    ],
)
def test_check_of_a_document(text, status, document, capsys):
    file = document(text)
    assert main(["check", file]) == status
    assert f"{file}: " in capsys.readouterr().out
    assert main(["check", file, "--json"]) == status
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == file
    assert sum(answer["summary"].values()) == len(answer["links"])


def test_derive_and_solve_a_problem_file_and_agree(problem, capsys):
    assert main(["derive", problem, "--json"]) == 0
    derived = json.loads(capsys.readouterr().out)
    assert main(["solve", problem, "--json"]) == 0
    solved = json.loads(capsys.readouterr().out)
    assert derived["value_number"] == pytest.approx(solved["value"], abs=1e-8)
    assert derived["agreement"]["difference"] < 1e-8
    assert solved["agreement"]["difference"] < 1e-8
    wanted = {"status", "value", "multipliers", "constraints", "stationarity_residual", "kkt_gap", "grid", "density"}
    assert wanted | {"seconds"} <= solved.keys()
    assert main(["derive", problem]) == 0
    assert "solve agrees" in capsys.readouterr().out
    assert main(["derive", problem, "--alone", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agreement"] is None


def test_a_disagreement_is_an_error_that_names_both(problem):
    stated = read_problem(problem)
    derivation, solution = derive(stated), solve(stated)
    assert compared(derivation, solution) is not None
    with pytest.raises(Disagreement, match=r"derive gives the value .* and solve ") as caught:
        compared(derivation, dataclasses.replace(solution, value=solution.value + 1e-3))
    assert isinstance(caught.value, Refused)
    with pytest.raises(Disagreement, match="solve says that the problem is unbounded"):
        compared(derivation, dataclasses.replace(solution, status="unbounded"))
    tables = {name: table[::-1] for name, table in solution.density.items()}
    with pytest.raises(Disagreement, match="their densities"):
        compared(derivation, dataclasses.replace(solution, density=tables))
    assert compared("no derivation", solution) is None


def test_a_picture_of_the_solution(problem, tmp_path, capsys):
    picture = tmp_path / "optimum.png"
    assert main(["solve", problem, "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["solve", problem, "--plot", str(tmp_path / "optimum.svg")]) == 2
    assert "FILE.png" in capsys.readouterr().err


DEEP = "log(" * 2000 + "p(x)" + ")" * 2000


@pytest.mark.parametrize(
    "words",
    [
        ["check", "(" * 1_000_000],
        ["check", "\\frac{" * 150_000],
        ["check", f"{DEEP} = 1"],
        ["check", "p(x) = \U0001f600"],
        ["check", "\\log \u2603 = 1"],
        ["check", "p(x) = 1/0"],
        ["check", "\\log p(x)"],
        ["check", "missing.md"],
        ["derive", "(" * 1_000_000],
        ["derive", DEEP],
        ["derive", "missing.toml"],
        ["solve", "KL(q(z) || p(z))"],
        ["solve", "missing.toml"],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_hostile_text_is_bad_input_with_a_paragraph(words, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip()
    assert "\n\n" not in captured.err
    assert "defect" not in captured.err


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff\xfe", b"$$ a = b $$\x00", b"$$" + b"(" * 1_000_000, b""])
def test_a_hostile_document_is_bad_input(content, tmp_path, capsys):
    file = tmp_path / "hostile.md"
    file.write_bytes(content)
    assert main(["check", str(file)]) == 2
    captured = capsys.readouterr()
    assert "\n\n" not in captured.err
    assert captured.out == ""


def test_a_folder_is_no_document(tmp_path, capsys):
    folder = tmp_path / "folder.md"
    folder.mkdir()
    assert main(["check", str(folder)]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_derive_writes_a_page_once_and_prints_latex(capsys, tmp_path):
    page = tmp_path / "d.html"
    assert main(["derive", "KL(q(z|x) || p(z|x))", "--html", str(page), "--latex"]) == 0
    assert capsys.readouterr().out.startswith(r"\begin{enumerate}")
    before = page.read_text(encoding="utf-8")
    assert before.startswith("<!DOCTYPE html>")
    assert main(["derive", "KL(q(z) || p(z))", "--html", str(page)]) == 2
    assert "exists already, and is left as it is" in " ".join(capsys.readouterr().err.split())
    assert page.read_text(encoding="utf-8") == before


def test_a_better_stationary_point_of_solve_is_told(tmp_path, capsys):
    problem = tmp_path / "bottleneck.toml"
    problem.write_text("""
minimise = "MI(q; x, t) - 3*MI(q; t, y)"
over = "q(t|x)"
[variables]
x = {finite = 3}
y = {finite = 2}
t = {finite = 2}
[laws]
"q(x)" = [0.3, 0.3, 0.4]
"q(y|x)" = [[0.9, 0.5, 0.2], [0.1, 0.5, 0.8]]
""")
    assert main(["derive", str(problem)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "(stationary)" in told
    assert "solve reaches another stationary point, with the better value -0.0018" in told
