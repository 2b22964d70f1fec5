# ruff: noqa: E501  (lines of the documents)
r"""Documents: every link of the displayed maths judged, the right ones found false, nothing guessed."""

import tomllib

import pytest

from elbowroom.derivation.check import check
from elbowroom.derivation.document import check_document, check_latex, check_text
from elbowroom.derivation.document_verdict import DocumentVerdict, LinkVerdict
from elbowroom.errors import InputError


def the_false_ones(document: DocumentVerdict) -> list[int]:
    return [link.line for link in document.links if link.verdict == "fails"]


def link_at(document: DocumentVerdict, line: int, part: str = "") -> LinkVerdict:
    return next(link for link in document.links if link.line == line and part in link.right)


@pytest.fixture(scope="module")
def note(shared) -> DocumentVerdict:
    return check_document(shared / "truth" / "note.md")


def is_same(link: LinkVerdict, wanted: dict[str, str]) -> bool:
    """Whether a link says what is wanted, however its sides are written."""
    try:
        sides = [(link.left, wanted["left"]), (link.right, wanted["right"])]
        return all(check(ours, theirs).verdict == "holds" for ours, theirs in sides)
    except InputError:
        return False


def test_exactly_the_two_false_links_of_the_note_fail(note, shared) -> None:
    expected = tomllib.loads((shared / "truth" / "note_expected.toml").read_text())
    failing = [link for link in note.links if link.verdict == "fails"]
    assert len(failing) == len(expected["fails"])
    for wanted in expected["fails"]:
        assert any(is_same(link, wanted) for link in failing), wanted["about"]
    assert {link.verdict for link in note.links} == {"holds", "fails"}
    assert the_false_ones(note) == [69, 77]


def test_the_other_links_of_the_note_hold_as_what_they_are(note, shared) -> None:
    expected = tomllib.loads((shared / "truth" / "note_expected.toml").read_text())
    holding = [link for link in note.links if link.verdict == "holds"]
    for wanted in expected["holds"][:4]:
        assert any(is_same(link, wanted) for link in holding), wanted["about"]
    kinds = {(link.line, link.kind) for link in note.links}
    assert {(24, "definition"), (32, "definition"), (41, "condition"), (52, "condition")} <= kinds
    assert {(57, "solution"), (61, "identity"), (77, "definition")} <= kinds


def test_the_derivation_of_the_note_is_followed_condition_for_condition(note) -> None:
    condition = link_at(note, 52)
    assert f"{condition.left} = {condition.right}" == "log q(z|x) + 1 - log p(z|x) + lambda = 0"
    assert condition.proof == "normal-form"
    assert "stationary in q(z|x)" in condition.reason
    assert "solves the condition" in link_at(note, 57, "exp").reason
    assert "q(z) is read as q(z|x)" in note.notes


def test_the_corrections_of_the_note_hold(note) -> None:
    for link in note.links:
        if link.verdict == "fails":
            assert link.correction is not None
            assert check(link.correction).proof == "normal-form"


RIGHT = {
    "variational Bayes": r"""
$$\log p_\theta(\mathbf{x}^{(i)}) = D_{KL}\left(q_\phi(\mathbf{z}|\mathbf{x}^{(i)}) \,\|\, p_\theta(\mathbf{z}|\mathbf{x}^{(i)})\right)
+ \mathcal{L}(\theta, \phi; \mathbf{x}^{(i)})$$
$$\log p_\theta(\mathbf{x}^{(i)}) \ge \mathcal{L}(\theta, \phi; \mathbf{x}^{(i)}) = \mathbb{E}_{q_\phi(\mathbf{z}|\mathbf{x}^{(i)})}
\left[-\log q_\phi(\mathbf{z}|\mathbf{x}^{(i)}) + \log p_\theta(\mathbf{x}^{(i)}, \mathbf{z})\right]$$
$$\mathcal{L}(\theta, \phi; \mathbf{x}^{(i)}) = -D_{KL}(q_\phi(\mathbf{z}|\mathbf{x}^{(i)}) \| p_\theta(\mathbf{z}))
+ \mathbb{E}_{q_\phi(\mathbf{z}|\mathbf{x}^{(i)})}\left[\log p_\theta(\mathbf{x}^{(i)}|\mathbf{z})\right]$$
""",
    "a textbook": r"""
$$\ln p(X) = \mathcal{L}(q) + \mathrm{KL}(q\|p)$$
$$\mathcal{L}(q) = \int q(Z) \ln \left\{ \frac{p(X,Z)}{q(Z)} \right\} \, \mathrm{d}Z$$
$$\mathrm{KL}(q\|p) = -\int q(Z) \ln \left\{ \frac{p(Z|X)}{q(Z)} \right\} \, \mathrm{d}Z$$
""",
    "capital letters": r"""
$$\mathcal{D}\left[Q(z)\|P(z|X)\right]=E_{z\sim Q}\left[\log Q(z) - \log P(z|X) \right]$$
$$\log P(X) - \mathcal{D}\left[Q(z)\|P(z|X)\right]=E_{z\sim Q}\left[\log P(X|z)  \right] - \mathcal{D}\left[Q(z)\|P(z)\right]$$
""",
    "free energy": r"""
$$F[q] = \int q(\theta) \log \frac{q(\theta)}{p(y,\theta)} d\theta = KL[q(\theta)||p(\theta|y)] - \log p(y)$$
$$\frac{\delta F}{\delta q(\theta)} = \log q(\theta) + 1 - \log p(y,\theta)$$
$$\mathcal{G}[q,\lambda] = F[q] + \lambda \left( \int q(\theta) d\theta - 1 \right)$$
$$\frac{\delta \mathcal{G}}{\delta q} = \log q(\theta) + 1 - \log p(y,\theta) + \lambda = 0$$
$$\Rightarrow q(\theta) = e^{-1-\lambda} p(y, \theta)$$
$$q(\theta) = \frac{p(y,\theta)}{\int p(y,\theta)d\theta} = p(\theta|y)$$
""",
    "the aggregated posterior": r"""
$$q(z) = \int q(z|x) p_{\text{data}}(x)\, dx$$
$$\mathbb{E}_{p_{\text{data}}(x)}\left[D_{KL}(q(z|x)\|p(z))\right]
= \mathbb{E}_{p_{\text{data}}(x)}\mathbb{E}_{q(z|x)}\left[\log\frac{q(z|x)}{q(z)}\right] + D_{KL}(q(z)\|p(z))$$
""",
    "Bayes, sums and information": r"""
$$p(z|x) = \frac{p(x|z)p(z)}{p(x)} = \frac{p(x|z)p(z)}{\sum_{z'} p(x|z')p(z')}, \qquad \sum_{z} p(x,z) = p(x)$$
$$H(X,Z) = H(X) + H(Z|X), \quad I(X;Z) = H(X) - H(X|Z) \ge 0$$
$$q^*(z) \propto p(x,z) $$
""",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_derivation_holds_throughout(text: str) -> None:
    document = check_text(text)
    assert document.summary == {"holds": len(document.links)}, str(document)


SLIPS = [
    ("variational Bayes", "= -D_{KL}", "= D_{KL}", [6]),
    ("variational Bayes", r"+ \mathcal{L}(\theta", r"- \mathcal{L}(\theta", [2]),
    (
        "variational Bayes",
        r"\log p_\theta(\mathbf{x}^{(i)}|\mathbf{z})",
        r"\log p_\theta(\mathbf{z}|\mathbf{x}^{(i)})",
        [6],
    ),
    ("variational Bayes", r"\ge", r"\le", [4]),
    ("a textbook", r"= -\int", r"= \int", [4]),
    ("capital letters", r"\right] - \mathcal{D}", r"\right] + \mathcal{D}", [3]),
    ("capital letters", r"\log P(z|X) \right]", r"\log P(X|z) \right]", [2]),
    ("free energy", "- \\log p(y)$$", "+ \\log p(y)$$", [2]),
    ("free energy", "= e^{-1-\\lambda} p(y, \\theta)", "= e^{1-\\lambda} p(y, \\theta)", [6]),
    (
        "free energy",
        "\\log q(\\theta) + 1 - \\log p(y,\\theta) + \\lambda",
        "\\log q(\\theta) - \\log p(y,\\theta) + \\lambda",
        [5, 5, 6],
    ),
    ("the aggregated posterior", "+ D_{KL}(q(z)", "- D_{KL}(q(z)", [4]),
    ("Bayes, sums and information", r"\frac{p(x|z)p(z)}{p(x)}", r"\frac{p(z|x)p(z)}{p(x)}", [2, 2]),
    ("Bayes, sums and information", "H(X) - H(X|Z)", "H(X) - H(Z|X)", [3, 3]),
]


@pytest.mark.parametrize(("name", "right", "slip", "lines"), SLIPS, ids=[slip for _, _, slip, _ in SLIPS])
def test_a_slip_is_found_on_its_line(name: str, right: str, slip: str, lines: list[int]) -> None:
    assert right in RIGHT[name]
    document = check_text(RIGHT[name].replace(right, slip, 1))
    assert set(the_false_ones(document)) == set(lines), str(document)


def test_a_latex_document_with_its_commands_comments_and_annotations() -> None:
    text = r"""\documentclass{article}
\newcommand{\E}{\mathbb{E}}
\newcommand{\KL}[2]{D_{\mathrm{KL}}\left(#1 \,\middle\|\, #2\right)}
\begin{document}
% a comment with $$ p(x) = 2 p(x) $$
\begin{align}
\log p(x) &= \log \int p(x,z)\,dz \\
 &= \log \E_{q(z|x)}\left[\frac{p(x,z)}{q(z|x)}\right] \label{eq:a}\\
 &\geq \E_{q(z|x)}\left[\log\frac{p(x,z)}{q(z|x)}\right] && \text{(Jensen)}\\
 &= \E_{q(z|x)}\left[\log p(x|z)\right]
   - \KL{q(z|x)}{p(z)} \\
 &=: \mathcal{L}(x).
\end{align}
\begin{equation}
 \log p(x) - \mathcal{L}(x) = \KL{q(z|x)}{p(z|x)}
\end{equation}
\[ \log p(x) \le \mathcal{L}(x) \]
\end{document}
"""
    document = check_text(text, tex=True)
    assert [link.line for link in document.links] == [7, 8, 9, 10, 12, 15, 17]
    assert the_false_ones(document) == [17]
    assert link_at(document, 9).kind == "inequality"
    assert link_at(document, 9).proof == "normal-form"


NOT_UNDERSTOOD = {
    "an index": r"$$\sum_{i=1}^N \log p(x_i) = \log p(x)$$",
    "an index without bounds": r"$$\sum_i \log p(x) = N \log p(x)$$",
    "dots": r"$$p(x_1, \dots, x_n) = p(x_1)$$",
    "an undefined functional": r"$$\mathcal{L}(q)^2 = \log p(x)$$",
    "a density that may be several": r"$$\mathbb{E}_q[\log p(x)] = \log p(x) + \mathbb{E}_{q(z|x)}[1] + \mathbb{E}_{q(w)}[2]$$",
    "an expectation over nothing": r"$$\mathbb{E}[f(x)] = 1$$",
    "an open bracket": r"$$\log (p(x) = \log p(x)$$",
    "a side that is missing": r"$$ = \log p(x)$$",
    "an open display": "$$ p(x) = \n",
    "a matrix": r"$$\begin{pmatrix} a & b \\ c & d \end{pmatrix} = A(x)$$",
    "an extremum": r"$$\theta^* = \arg\max_\theta \log p_\theta(x)$$",
    "an equation for a variable": r"$$z = \mu(x) + \sigma(x)\epsilon, \qquad p(z) = p(z)$$",
}


@pytest.mark.parametrize("text", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD.keys())
def test_what_is_not_understood_never_counts_as_true(text: str) -> None:
    link = check_text(text).links[0]
    assert link.verdict in ("not-understood", "undecided"), str(link)
    assert link.proof is None
    assert link.reason


def test_two_laws_that_are_compared_are_not_one() -> None:
    document = check_text(r"$$D_{KL}(p(x) \| p_\theta(x)) = 0$$")
    assert document.links[0].verdict == "fails"
    document = check_text(r"$$\mathbb{E}_{p(x)}[\log p_\theta(x)] = -H(p(x))$$")
    assert document.links[0].verdict == "fails"


def test_an_abbreviation_is_read_only_where_it_is_declared() -> None:
    chain = r"$$\int q(z|x) \log q(z|x) dz = \int q(z) \log q(z) dz$$"
    assert check_text(chain).links[0].verdict == "fails"
    declared = check_text(r"$$J[q] = \int q(z|x) \log q(z|x) dz$$" + "\n" + chain)
    assert declared.links[1].verdict == "holds"
    assert declared.notes == ("q(z) is read as q(z|x)",)


def test_an_assumption_is_one_only_where_the_words_say_so() -> None:
    factorised = r"$$r(a,b) = r(a) r(b)$$"
    assert check_text(factorised).links[0].verdict == "fails"
    assumed = check_text("We assume that it factorises:\n" + factorised).links[0]
    assert (assumed.verdict, assumed.kind) == ("holds", "statement")


def test_code_and_inline_maths_are_left_out() -> None:
    text = "```\n$$p(x) = 2$$\n```\n`$$p(x) = 3$$` and $p(x) = 4$\n\n```math\np(x) = \\int p(x,z) dz\n```\n"
    document = check_text(text)
    assert [(link.line, link.verdict) for link in document.links] == [(7, "holds")]


def test_latex_on_its_own() -> None:
    identity = r"\log p(x) = \mathbb{E}_{q_\phi(z|x)}\left[\log\frac{p_\theta(x,z)}{q_\phi(z|x)}\right] + D_{KL}(q_\phi(z|x)\|p_\theta(z|x))"
    assert check_latex(identity).proof == "normal-form"
    assert check_latex(r"D_{KL}(q(z)\|p(z)) \ge 0").proof == "normal-form"
    with pytest.raises(InputError, match="chain of several"):
        check_latex(r"\log p(x) = \log p(x) = 1")


def test_json_has_the_keys_of_the_interface() -> None:
    document = check_text(r"$$\log p(x,z) = \log p(x|z) - \log p(z)$$", name="x.md").to_json()
    assert document["file"] == "x.md"
    assert document["summary"] == {"fails": 1}
    wanted = {"line", "left", "right", "verdict", "proof", "counterexample", "reason"}
    assert wanted <= document["links"][0].keys()
    assert document["links"][0]["correction"] == "log p(x,z) = log p(x|z) + log p(z)"


HOSTILE = {
    "brackets": "$$" + "(" * 1_000_000 + "$$",
    "braces in a display": "$$ " + "{" * 90_000 + " = 1 $$",
    "nested fractions": "$$ " + "\\frac{" * 5000 + " = 1 $$",
    "dollars": "$" * 300_000,
    "begin": "\\begin{align}" * 20_000,
    "endless macros": "\\newcommand{\\a}{\\a\\a}$$ \\a = 1 $$",
    "unknown signs": "$$ \U0001f600 = \u2603 $$",
    "signs only": "$$" + "=" * 1500 + "$$",
    "a circle of definitions": r"$$ F(q) = G(q) + 1 $$ $$ G(q) = F(q) - 1 $$",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("tex", [False, True])
def test_hostile_text_holds_nothing(text: str, tex: bool) -> None:
    try:
        document = check_text(text, tex=tex)
    except InputError:
        return  # refused with a paragraph
    assert all(link.verdict == "not-understood" or link.kind == "definition" for link in document.links)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x89PNG\r\n\x1a\n\xff", "not text"), (b"a\x00b", "byte of value zero"), (b"no maths here", "no displayed")],
)
def test_what_is_no_document_is_refused_by_name(tmp_path, content: bytes, words: str) -> None:
    file = tmp_path / "note.md"
    file.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        check_document(file)
    assert "note.md" in str(caught.value)


def test_the_derivative_of_what_is_not_defined_is_not_understood() -> None:
    found = check_text(r"$$\frac{\partial L}{\partial q} = \log q(z) + 1 + \lambda$$").links
    assert [(link.verdict, link.kind) for link in found] == [("not-understood", "statement")]


@pytest.mark.parametrize("line", [r"q(z) = C\cdot p(z|x)", r"\log q(z) = \log p(z) + f(z) + \text{const}"])
def test_a_constant_may_stand_for_the_mass_of_a_density_that_is_defined_here(line: str) -> None:
    assert [(link.verdict, link.kind) for link in check_text(f"$${line}$$").links] == [("holds", "definition")]


def test_no_constant_stands_between_densities_of_one_law() -> None:
    assert [link.verdict for link in check_text(r"$$\log p(x,z) = \log p(x|z) + C$$").links] == ["fails"]


def test_a_path_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        check_document("a" * 5000)


@pytest.mark.parametrize(
    "text", [r"\mathbb{}(1 - z) = 1", r"\text{}(z) = 1", r"\mathcal{}[q] = \hat{}", r"KL(q(z|x) \| E(z)) = 1"]
)
def test_a_name_without_letters_is_read_or_said_not_to_be_understood(text: str) -> None:
    assert all(
        link.verdict in ("not-understood", "holds", "fails", "undecided") for link in check_text(f"$${text}$$").links
    )
