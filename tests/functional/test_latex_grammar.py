r"""Reading LaTeX: what the notation of papers means, and where reading stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elbowroom.errors import FormulaError
from elbowroom.functional.grammar import read_expression
from elbowroom.functional.latex_chain import chains
from elbowroom.functional.latex_grammar import read_latex
from elbowroom.functional.rewriting import plain, shape

SAME = {
    r"\log \frac{p(x,z)}{q(z|x)}": "log(p(x,z)/q(z|x))",
    r"\mathbb{E}_{q(z|x)}\left[\log p(x\mid z)\right]": "E_q(z|x)[log(p(x|z))]",
    r"\mathbb {E}_{z\sim q(z|x)}\left [ \log\frac{p(x,z)}{q_{\theta}(z|x)}\right]": (
        "E_q(z|x)[log(p(x,z)/q_theta(z|x))]"
    ),
    r"\mathbb{E}_{q_{\theta(z|x)}}[z]": "E_q_theta(z|x)[z]",
    r"E_{p(x)} E_{q(z|x)} \log p(x|z)": "E_p(x)[E_q(z|x)[log(p(x|z))]]",
    r"D_{KL}\left(q_{\theta}(z|x) \| p(z|x)\right)": "KL(q_theta(z|x) || p(z|x))",
    r"D_{\mathrm{KL}}[q(z) || p(z)]": "KL(q(z) || p(z))",
    r"\mathrm{KL}\big(q(z) \,\middle\|\, p(z)\big)": "KL(q(z) || p(z))",
    r"KL(q(z) \mid\mid p(z))": "KL(q(z) || p(z))",
    r"\int q(z) \log q(z) \, dz + \lambda\left(\int q(z) dz - 1\right)": (
        "integral(q(z)*log(q(z)), z) + lambda*(integral(q(z), z) - 1)"
    ),
    r"\int\!\!\int p(x,z)\,\mathrm{d}x\,\mathrm{d}z": "integral(integral(p(x,z), x), z)",
    r"\iint p(x,z) dx dz": "integral(integral(p(x,z), x), z)",
    r"\int dz\, q(z) f(z)": "integral(q(z)*f(z), z)",
    r"\int_0^1 z^2 dz": "integral(z**2, z, 0, 1)",
    r"\int_{-\infty}^{\infty} q(z) dz": "integral(q(z), z)",
    r"\int_{\mathcal{Z}} q(z) dz": "integral(q(z), z)",
    r"\sum_{z} p(x,z)": "integral(p(x,z), z)",
    r"\sum_{x, z} p(x,z) \log p(x,z)": "integral(integral(p(x,z)*log(p(x,z)), x), z)",
    r"\log p(x) \int q(z|x) dz": "log(p(x))*integral(q(z|x), z)",
    r"-\beta \, D_{KL}(q(z)\|p(z))": "-beta*KL(q(z) || p(z))",
    r"\exp\{-\lambda - 1\} p(z)": "exp(-lambda - 1)*p(z)",
    r"e^{-\lambda} p(z)": "exp(-lambda)*p(z)",
    r"\sqrt{2\pi}\sigma^2": "sqrt(2*pi)*sigma**2",
    r"\frac12 \left(\frac{p(x)}{q(x)}\right)^{1-\alpha}": "(1/2)*(p(x)/q(x))**(1 - alpha)",
    r"D_{JS}(q(z) \| p(z))": "JS(q(z) || p(z))",
    r"\underbrace{\log p(x)}_{\text{evidence}} - 1": "log(p(x)) - 1",
    r"p(\mathbf{x}^{(i)}; \theta)": "p(x_i)",
    r"q^2(z)": "q(z)**2",
    r"p_{\text{data}}(x)": "p_data(x)",
    r"\mathrm{Var}_{q(z)}[z]": "E_q(z)[z**2] - E_q(z)[z]**2",
    r"I_q(x; z)": "MI(q; x, z)",
    r"λ·β": "lambda*beta",
}


@pytest.mark.parametrize(("latex", "text"), SAME.items(), ids=SAME.keys())
def test_latex_means_the_same_as_the_plain_notation(latex, text):
    assert shape(read_latex(latex)) == shape(read_expression(text))


def test_names_of_papers():
    names = {
        r"\mathcal{L}(q)": "cal_L(q)",
        r"J[q]": "J(q)",
        r"S[q,\lambda]": "S(q,lambda)",
        r"q^*(z)": "q_star(z)",
        r"\hat p(x)": "p_hat(x)",
        r"\mathcal{L}(\theta, \phi; \mathbf{x})": "cal_L(theta,phi,x)",
        r"\text{ELBO}": "ELBO",
        r"z_{t-1}": "z_tm1",
        r"\beta (1 - \alpha)": "beta*(1 - alpha)",
        r"\lambda(x)": "lambda(x)",
    }
    assert {text: plain(read_latex(text)) for text in names} == names


ERRORS = {
    r"\prod_i p(x_i)": "A product over an index is not understood.",
    r"\sum_{i=1}^N a": "A sum over an index is not understood; a sum over the values of a variable is.",
    r"p(x_1, \dots, x_n)": "Dots are not understood: it is not said what they stand for.",
    r"p(x_{1:T})": "A subscript that stands for a range of variables is not understood.",
    r"\mathbb{E}[x]": "This expectation has no density, so it is not known what it is taken over.",
    r"\int q(z)": "The integral has no differential, so its variable is not known.",
    r"\log (a)^2": "It is not clear whether this power belongs to the argument or to the function.",
    r"x^T": "Transposes are not understood.",
    r"\left( a": "This ( is never closed.",
    r"a)": "This ) closes a bracket that was not opened.",
    r"a \heartsuit b": "This \\heartsuit is not understood here.",
    r"\frac{": "The formula ends where an operand is expected.",
    r"D_{f}(p(x) \| q(x))": "The divergence with the subscript f is not understood.",
    "é": "Formulas do not have the character `é` (U+00E9, LATIN SMALL LETTER E WITH ACUTE).",
    "": "The formula is empty.",
    "(" * 90_000: "The formula is nested more than 50 levels deep here. Write it in parts.",
    "x" * 100_001: "The formula has 100,001 characters; at most 100,000 are read. Split it into parts.",
}


@pytest.mark.parametrize(("text", "reason"), ERRORS.items(), ids=[text[:20] for text in ERRORS])
def test_what_is_not_understood_is_said(text, reason):
    with pytest.raises(FormulaError) as caught:
        read_latex(text)
    assert caught.value.reason == reason
    assert 0 <= caught.value.position <= len(text)


_PIECES = r"""\frac{ } { ( ) [ ] \left( \right) _ ^ \log \int dz \mathbb{E}_ q(z|x) p(x) \| | , ; = + - * \theta x z 12
\sum_ \exp \mathcal{L} ' \text{a} \\ & é \sqrt \partial D_{KL} \sim \underbrace{"""


@given(st.lists(st.sampled_from(_PIECES.split()), max_size=25).map(" ".join) | st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    error = None
    try:
        read_latex(text)
    except FormulaError as caught:
        error = caught
    assert error is None or error.reason.endswith(".")
    assert error is None or 0 <= error.position <= len(text)


CHAINS = {
    r"a &= b \\ &= c": [["a", "b", "c"]],
    r"a &= b \\ &\quad + c": [["a", "b \\\\ &\\quad + c"]],
    r"a &= b + \\ & c": [["a", "b + \\\\ & c"]],
    r"a = b, \quad c = d": [["a", "b"], ["c", "d"]],
    r"a = b \\ s.t. c = d": [["a", "b"], ["c", "d"]],
    r"a = b \text{ where } c = d": [["a", "b"], ["c", "d"]],
    r"a = b \quad \text{(Jensen)} \\ &\ge c": [["a", "b", "c"]],
    r"a = b \Rightarrow c = d": [["a", "b"], ["c", "d"]],
    r"f(x=1) = \left[a = b\right]": [["f(x=1)", "\\left[a = b\\right]"]],
    r"= b": [["", "b"]],
    r"\min a": [],
}


@pytest.mark.parametrize(("text", "found"), CHAINS.items(), ids=CHAINS.keys())
def test_chains_of_a_display(text, found):
    sides = [[side.text.strip(" &") for side in chain.sides] for chain in chains(text)]
    assert sides == found


def test_signs_between_sides():
    (chain,) = chains(r"a := b \le c \stackrel{\text{def}}{=} d \overset{(1)}{=} e \propto f \approx g")
    assert [sign.relation for sign in chain.signs] == [":=", "<=", ":=", "=", "propto", "other"]


@given(st.text(alphabet="ab=&\\{}()[],+ \n", max_size=60))
def test_any_display_is_cut(text):
    for chain in chains(text):
        assert len(chain.sides) == len(chain.signs) + 1
