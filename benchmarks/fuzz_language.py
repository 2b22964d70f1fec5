"""Hostile text: mutated formulas, statements, problem files and documents, each read or refused with a clear error.

    python benchmarks/fuzz_language.py [--inputs 100000] [--seed 0] [--answer]

Documents are checked as they are read. With `--answer`, what can be read is also checked (a formula against itself, a
statement as it stands) or derived (a problem), which must end in an answer or a refusal within the same time.

Prints how many inputs were read and how many refused, the slowest one, and the memory at the peak. Exits with 1 if
one of them raises anything but `InputError`, takes longer than two seconds of one core, or is printed as something
that does not read back (the input is shown), or if all together needed more than 500 MB.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator

from elbowroom.derivation.check import check
from elbowroom.derivation.derive import derive
from elbowroom.derivation.document import check_text
from elbowroom.errors import InputError, Refused
from elbowroom.functional.expand import expand
from elbowroom.functional.parse import parse, parse_statement
from elbowroom.functional.printing import to_latex, to_text
from elbowroom.functional.problem_file import read_problem_text
from elbowroom.functional.traverse import free_variables

LONGEST_SECONDS = 2.0
LARGEST_MEMORY = 500 * 1024 * 1024

FORMULAS = (
    "KL(q(z|x) || p(z|x))",
    "E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))",
    "integral(q(z)*(diff(q(z), z)/q(z) - diff(p(z), z)/p(z))**2, z)",
    "MI(q; x, z) + beta*E_q(x,z)[d(x, z)]",
    "log(integral(q(z)**alpha*p(z)**(1 - alpha), z))/(alpha - 1)",
    "integral(integral(k(z, u)*(q(z) - p(z))*(q(u) - p(u)), u), z)",
    "E_q(z)[l(z)] + a*integral(p(z)*(sqrt(q(z)/p(z)) - 1)**2, z)",
    "Renyi(1/2; q(z) || p(z)) + Tsallis(2; q(z)) - FisherInformation(q(z))",
    "MMD2(k; q(z) || p(z))*max(0, abs(sin(z)) - cos(2*pi))",
    "Normal(z; rho*z1, sqrt(1 - rho**2)) + at(diff(y(x), x), x, 0)",
    "∫ q(z) log q(z) dz + H(q(z))",
    "KL(q1(z1)*q2(z2) || p(z1,z2))",
    "integral(exp(-t**2/2), t, 0, 1.5e-3) + q(-1|x) + q(z|x)",
)

STATEMENTS = (
    "E_q(z)[z] = 0.5",
    "KL(q(z) || p(z)) >= 0",
    "q(-1) + q(z)*0 = 0",
    "integral(q(x,y), y) = a(x)",
    "E_q(z|x)[log p(x,z)/q(z|x)] <= log p(x)",
)

PROBLEMS = (
    """minimise = "E_q(z)[l(z)] + KL(q(z) || p(z))/b"
over = "q(z)"
subject_to = ["E_q(z)[z] = 0.5"]
[variables]
z = "real"
[laws]
"p(z)" = "Normal(z; 0, 1)"
[functions]
"l(z)" = "abs(z - 1)**1.5"
[parameters]
b = 1.7
""",
    """minimise = "MI(q; x, z) + beta*E_q(x,z)[d(x, z)]"
over = "q(z|x)"
[variables]
x = { finite = 2 }
z = { finite = 2 }
[laws]
"q(x)" = [0.5, 0.5]
[functions]
"d(x, z)" = "abs(x - z)"
[parameters]
beta = 2.0
""",
    """minimise = "integral(y(x)*sqrt(1 + diff(y(x), x)**2), x)"
over = ["y(x)", "m"]
subject_to = ["y(-1/2) = (exp(1/2) + exp(-1/2))/2", "y(1/2) = m", "y(x) >= 0"]
[variables]
x = [-0.5, 0.5]
[unknowns]
"y(x)" = "function"
m = "positive"
""",
    """maximise = "MI(r; x, y)"
over = "r(x)"
[variables]
x = { finite = 2 }
y = { finite = 2 }
[laws]
"r(y|x)" = [[1.0, 0.5], [0.0, 0.5]]
"s(x)" = "w*t(x) + (1 - w)*t(x)"
"t(x)" = "Categorical(x; 0.25, 0.75)"
""",
)

DOCUMENTS = (
    r"""# The bound

We write $q(z|x)$ for the encoder and have
$$
\begin{align*}
D_{KL}\left(q(z|x) \| p(z|x)\right) &= \mathbb{E}_{q(z|x)}\left[\log\frac{q(z|x)}{p(z|x)}\right]\\
&= \int q(z|x) \log\frac{q(z|x)}{p(z|x)} dz \\
&= \log p(x) - \mathcal{L}(q)
\end{align*}
$$
with $$\mathcal{L}(q) = \mathbb{E}_{z\sim q(z|x)} [\log p(x|z)] - D_{KL}(q(z|x) \| p(z)).$$
""",
    r"""\section{Entropy}
\begin{equation}
H(q) = -\int q(z)\log q(z)\,dz \label{one}
\end{equation}
so that \[ I(x;z) = \mathbb{E}_{p(x)} KL(q(z|x) \,\|\, q(z)) \ge 0 \] and
\begin{gather} \frac{\partial L}{\partial q} = \log q(z) + 1 + \lambda = 0 \\ q(z) = C\cdot p(z|x) \end{gather}
""",
)

_LATEX = (
    "$$", "$", "\\", "&=", "\\begin{align}", "\\end{align*}", "\\frac{", "\\int ", "dz", "\\mathbb{E}_{", "\\left[",
    "\\right|", "\\|", "\\log", "\\text{s.t.}", "```\n", "%", "\\(", "\\]", "_{", "^{", "\\sum_{i=1}^n", "\\sqrt[",
    "\\newcommand{\\a}{\\a}", "\\le", "\n\n", "\\quad", "\\label{", "\\tag*{", "&", "\\stackrel{", "\\underbrace{",
    "|z_{1:T}", "\\prod", "~", "\\!", "\\dot q",
)  # fmt: skip

_PIECES = (
    *"()[]{}|,;=*/+-^_'\"\\.#~ \n\t\x00",
    *"∫λβ‖∣≥−×·éß中😀\u202e\u200b\ufeff",
    "**", "||", ">=", "<=", "'''", '"""', "[[", "]]", "**-", "/0", "1e300", "1e999999999", "9" * 40, "0.1.2",
    "log", "exp", "KL(", "E_", "E_q(z)[", "integral(", "diff(", "MI(", "H(", "abs(", "max(", "Normal(", "at(",
    "p(z)", "q(z|x)", "q(-1)", "z", "z'", "pi", "nan", "inf", "true", "real", "positive", "finite = 2",
    "[laws]\n", "[variables]\n", "over", "minimise", '"q(z)" = "q(z)"\n', "a.b.c", "0x", "1_0",
)  # fmt: skip

_WORD = re.compile(r"\w+")
_WORDS = (
    "x", "z", "u", "y", "z'", "a", "beta", "pi", "0", "1", "2", "1/2", "-1", "0.3", "p", "q", "r", "l", "k", "log z",
    "exp(z)", "sqrt(a)", "sin(z)", "abs(z - 1)", "diff(q(z), z)", "q(z)", "p(z)", "z**2", "(1 - z)", "lgamma(a)",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Input:
    """A hostile text, and what is to read it."""

    kind: str
    text: str


def inputs(count: int, seed: int) -> Iterator[Input]:
    """`count` mutated texts; the same for the same seed."""
    source = random.Random(seed)
    kinds = (("formula", FORMULAS), ("statement", STATEMENTS), ("problem", PROBLEMS), ("document", DOCUMENTS))
    for _ in range(count):
        kind, seeds = source.choices(kinds, weights=(6, 2, 4, 1))[0]
        text = source.choice(seeds)
        for _ in range(source.choice((0, 1, 1, 2, 4))):
            text = _exchanged(text, source)
        for _ in range(source.choice((0, 0, 1, 1, 2, 3, 5, 10))):
            text = _mutated(text, seeds, source, _LATEX if kind == "document" else ())
        yield Input(kind, text)


def _exchanged(text: str, source: random.Random) -> str:
    """The text with one name or number exchanged for another, which often makes sense."""
    words = list(_WORD.finditer(text))
    word = source.choice(words)
    return text[: word.start()] + source.choice(_WORDS) + text[word.end() :]


def _mutated(text: str, seeds: tuple[str, ...], source: random.Random, more: tuple[str, ...]) -> str:
    pieces = _PIECES + more * 3
    start = source.randrange(len(text) + 1)
    end = min(len(text), start + source.choice((0, 1, 1, 2, 5, 20)))
    match source.randrange(8):
        case 0:
            return text[:start] + text[end:]
        case 1 | 2:
            return text[:start] + source.choice(pieces) + text[start:]
        case 3:
            return text[:start] + source.choice(pieces) + text[end:]
        case 4:
            return text[:end] + text[start:end] * source.choice((1, 2, 50)) + text[end:]
        case 5:
            other = source.choice(seeds)
            cut = source.randrange(len(other) + 1)
            return text[:start] + other[cut : cut + source.choice((3, 10, 40))] + text[end:]
        case 6:
            depth = source.choice((1, 5, 49, 60, 3000))
            opening, closing = source.choice(("()", "[]", "{}", "-(", "log", "**"))[:2].ljust(2)
            return text[:start] + opening * depth + text[start:end] + closing * depth + text[end:]
        case _:
            letters = list(text)
            other = source.randrange(len(text) + 1)
            if max(start, other) < len(letters):
                letters[start], letters[other] = letters[other], letters[start]
            return "".join(letters)


def read(entry: Input) -> bool:
    """Whether the text can be read; what is read is printed, expanded, and read back. Raises for any defect."""
    try:
        _READERS[entry.kind](entry.text)
    except InputError:
        return False
    return True


def _formula(text: str) -> None:
    expression = parse(text)
    to_latex(expression)
    free_variables(expand(expression))
    shown = to_text(expression)
    if len(shown) <= 10_000 and "q(-1" not in shown:
        parse(shown)


def _statement(text: str) -> None:
    statement = parse_statement(text)
    to_text(statement)
    to_latex(statement)


def _problem(text: str) -> None:
    problem = read_problem_text(text)
    to_text(problem)
    to_latex(problem)


def _document(text: str) -> None:
    verdict = check_text(text, tex=text.startswith("\\"))
    str(verdict)
    json.dumps(verdict.to_json())


_READERS: dict[str, Callable[[str], None]] = {
    "formula": _formula,
    "statement": _statement,
    "problem": _problem,
    "document": _document,
}


def answer(entry: Input) -> None:
    """Check or derive what can be read, to an answer or a refusal. Raises for any defect."""
    try:
        if entry.kind == "formula":
            expression = parse(entry.text)
            if check(expression, expression).verdict == "fails":
                raise AssertionError("an expression differs from itself")
        elif entry.kind == "statement":
            check(entry.text)
        elif entry.kind == "problem":
            derive(read_problem_text(entry.text))
    except (InputError, Refused):
        return


def main() -> int:
    """Read as many inputs as asked for, and say what became of them."""
    parser = argparse.ArgumentParser(description="Read hostile text, and count what is read and what is refused.")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--answer", action="store_true", help="check or derive what can be read as well")
    arguments = parser.parse_args()
    counts = {True: 0, False: 0}
    slowest = (0.0, Input("", ""))
    failures = 0
    began = time.perf_counter()
    for entry in inputs(arguments.inputs, arguments.seed):
        started = time.process_time()
        try:
            readable = read(entry)
            counts[readable] += 1
            if readable and arguments.answer:
                answer(entry)
        except Exception as error:  # any other error is what is looked for
            failures += 1
            print(f"{type(error).__name__}: {str(error)[:200]!r} for the {entry.kind} {entry.text[:2000]!r}")
        seconds = time.process_time() - started
        if seconds > slowest[0]:
            slowest = (seconds, entry)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{arguments.inputs:,} inputs: {counts[True]:,} read, {counts[False]:,} refused, {failures} failed")
    print(f"slowest {slowest[0]:.3f} s, memory {memory / 1024**2:.0f} MB, in all {time.perf_counter() - began:.0f} s")
    if slowest[0] > LONGEST_SECONDS:
        print(f"too slow: the {slowest[1].kind} {slowest[1].text[:2000]!r}")
    return int(failures > 0 or slowest[0] > LONGEST_SECONDS or memory > LARGEST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
