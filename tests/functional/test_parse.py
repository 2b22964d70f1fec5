"""Reading the plain notation: what texts mean, and each error verbatim with its place."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.functional.expressions import beta, p, q, r, u, x, z

from elbowroom.errors import FormulaError
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import PI, Elementary
from elbowroom.functional.expression import Constant, Function, Parameter, Power, exp, log, sqrt
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import Law, Variable
from elbowroom.functional.parse import parse, parse_equation, parse_statement
from elbowroom.functional.support import Finite

s = Law("s")
a = Parameter("a")

MEANINGS = {
    "log p(x,z)/q(z|x)": log(p(x, z) / q(z | x)),
    "log p(x)*2 - log q(z) + 1": log(p(x) * 2) - log(q(z)) + 1,
    "(log p(x))*2": log(p(x)) * 2,
    "log(p(x))/beta": log(p(x)) / beta,
    "2*log p(x)/p(z)": 2 * log(p(x) / p(z)),
    "E_q(z|x)[log p(x|z)]": E(q(z | x))[log(p(x | z))],
    "E_{q(z|x)}[z]": E(q(z | x))[z],
    "E_{q(z)*s(u)}[l(z,u)]": E(q(z) * s(u))[Function("l", (z, u))],
    "KL(q(z|x) || p(z|x))": KL(q(z | x), p(z | x)),
    "KL(q(z|x) ‖ p(z∣x))": KL(q(z | x), p(z | x)),
    "H(s(z))": entropy(s(z)),
    "integral(q(z|x), z)": Integral(q(z | x), z),
    "∫ q(z) * log q(z) dz": Integral(q(z) * log(q(z)), z),
    "∫∫ p(x,z) dx dz": Integral(Integral(p(x, z), x), z),
    "q1(z) + q_theta(z|x)": Law("q1")(z) + Law("q_theta")(z | x),
    "h(z|x)": Law("h")(z | x),
    "h(z)": Function("h", (Parameter("z"),)),
    "λ·β": Parameter("lambda") * beta,
    "-a**2": -(a**2),
    "a**-1": Power(a, Constant(Fraction(-1))),
    "a - -3": a + 3,
    "--a": a,
    "2**a**beta": 2 ** (a**beta),
    "a/beta/2": a / beta / 2,
    "1/2*a": Constant(Fraction(1, 2)) * a,
    "1.5e-3": Constant(Fraction(15, 10000)),
    "sqrt(a)*exp(-a)": sqrt(a) * exp(-a),
    "abs(a)": Elementary("abs", a),
    "max(0, a)": Elementary("positive_part", a),
    "2*pi": 2 * PI,
    "π": PI,
    "diff(q(z), z)": Derivative(q(z), z),
    "diff(y(z), z)*z": Derivative(Function("y", (z,)), z) * z,
    "at(diff(q(z), z), z, 0)": PointValue(Derivative(q(z), z), z, 0),
    "q(-1) + q(z)": PointValue(q(z), z, -1) + q(z),
    "q(z|2) + q(z|x)": PointValue(q(z | x), x, 2) + q(z | x),
    "integral(l(u), u, 0, a)": Integral(Function("l", (u,)), u, 0, a),
    "MI(q; x, z)": MutualInformation("q", x, z),
    "MI(s; x, z) - H(s(x))": MutualInformation("s", x, z) - entropy(s(x)),
    "integral(Gamma(u; a, 2), u)": Integral(FamilyDensity("Gamma", u, (a, 2)), u),
    "JS(q(z) || p(z))": Divergence("JS", q(z), p(z)),
    "Alpha(1/2; q(z) || p(z))": Divergence("Alpha", q(z), p(z), 0.5),
    "MMD2(k; q(z) ‖ p(z))": SquaredMMD("k", q(z), p(z)),
    "q(z')*z'": q(Variable("z'")) * Variable("z'"),
}

OPERAND = "a number, a name, or a bracket."

ERRORS = {
    "": ("The formula is empty. Write one such as KL(q(z|x) || p(z|x)).", 0),
    "   ": ("The formula is empty. Write one such as KL(q(z|x) || p(z|x)).", 0),
    "KLL(q(z) || p(z))": (
        "Two bars stand only between the densities of a divergence, as in KL(q(z) || p(z)), not in KLL(...). "
        "Did you mean KL, or one bar?",
        0,
    ),
    "1 + lgo(x)": ("There is no function lgo. Did you mean log?", 4),
    "Integral(q(z), z)": ("There is no function Integral. Did you mean integral?", 0),
    "LOG(a)": ("There is no function LOG. Did you mean log?", 0),
    "Normal(a, 0, 1)": (
        "The density of Normal is written with a semicolon behind its variable: Normal(z; loc, scale).",
        0,
    ),
    "Normal(a; 0)": ("Normal has the parameters loc, scale, and 1 are given.", 0),
    "Nomal(a; 0, 1)": ("There is no family Nomal. Did you mean Normal?", 0),
    "Ren(2; q(z) || p(z))": (
        "Two bars stand only between the densities of a divergence, as in KL(q(z) || p(z)), not in Ren(...). "
        "Did you mean Renyi, or one bar?",
        0,
    ),
    "KL(2; q(z) || p(z))": ("KL has no order. Write KL(q(z) || p(z)), or Renyi(2; q(z) || p(z)).", 0),
    "chi2(2; q(z) || p(z))": ("chi2 has no order. Write chi2(q(z) || p(z)).", 0),
    "diff(q(z))": ("diff takes 2 arguments, as in diff(q(z), z), and here it has 1.", 0),
    "diff(q(z), 2)": ("The second argument of diff is a variable, as in diff(q(z), z).", 11),
    "MI(q, x, z)": ("Mutual information is written with its law and two variables: MI(q; x, z).", 0),
    "max(a, b)": ("max takes zero and one more argument, max(0, ...): the positive part of that.", 0),
    "abs(a; b)": ("abs is a function of the notation, and takes no semicolon.", 0),
    "a >= b": ("An inequality stands where one expression is expected. Give one side.", 2),
    "a < b": (
        "The notation does not have the character `<` (U+003C, LESS-THAN SIGN). An inequality is written >= or <=.",
        2,
    ),
    "exp": ("exp needs its argument in brackets: exp(...).", 0),
    "log(a, b)": ("log takes one argument, and here it has 2.", 0),
    "log(a|b)": ("log is a function of the notation, and takes no bar.", 0),
    "log": (f"The formula ends where an operand is expected: {OPERAND}", 3),
    "a + ": (f"The formula ends where an operand is expected: {OPERAND}", 3),
    "a * / b": (f"An operand is expected before this /: {OPERAND}", 4),
    "((a + b)": ("This ( is never closed. Add ) where it should end.", 0),
    "a + b)": ("This ) closes a bracket that was not opened. Take it out, or open it.", 5),
    "E_q(z)[z)": ("A ] is expected before this ).", 8),
    "lgo p(x)": ("There is no function lgo. Did you mean log?", 0),
    "E_q(z)[1 + ln p(z)]": ("There is no function ln. Did you mean log?", 11),
    "2 a": ("An operator is missing before this. Write * for a product.", 2),
    "(a b)": ("An operator is missing before this. Write * for a product.", 3),
    "a | b": ("The bar | stands only between the arguments of a density, as in q(z|x).", 2),
    "a || b": ("The two bars || stand only inside a divergence such as KL( || ).", 2),
    "a ; b": ("The formula should end before this ;.", 2),
    "a = b": ("An equation stands where one expression is expected. Give one side.", 2),
    "KL(q(z), p(z))": ("KL has two bars between its densities, as in KL(q(z|x) || p(z|x)).", 0),
    "KL(1 || p(z))": (
        "An expectation is taken under a density such as q(z | x), or a product of densities; 1 is not one.",
        0,
    ),
    "E[a]": ("This expectation has no density. Write which one: E_q(z|x)[...].", 0),
    "E(q(z))[a]": ("An expectation is written with its density: E_q(z|x)[...].", 0),
    "E_q[a]": ("The density of an expectation has its variables: E_q(z|x)[...].", 0),
    "E_q(z) a": ("What an expectation is taken of stands in square brackets: E_q(z|x)[...].", 7),
    "q + q(z)": ("The density q needs its variables, as in q(z|x).", 0),
    "p(x,x)": ("The density p has the variable x more than once.", 0),
    "p(x,2)": (
        "The arguments of the density p are variables, and here one is not, so it cannot be told which density this is "
        "a value of. Write that density in its variables too, such as p(z).",
        0,
    ),
    "p(|x)": ("An argument is missing before this |.", 2),
    "integral(q(z))": (
        "integral takes an integrand and a variable, as in integral(q(z), z), and perhaps two bounds behind them; "
        "1 arguments are given.",
        0,
    ),
    "integral(q(z), 2)": ("The second argument of integral is the variable that it runs over.", 15),
    "∫ q(z)": ("The integral sign needs its variable behind the integrand, as in ∫ q(z) dz.", 6),
    "a/0": ("This divides by zero.", 2),
    "f'(a)": ("f' cannot be called: a primed name is a second copy of a variable.", 0),
    "1e301": ("This number is too long or too large: at most 300 digits, exponents up to 300.", 0),
    "9" * 400: ("This number is too long or too large: at most 300 digits, exponents up to 300.", 0),
    "a^2": (
        "The notation does not have the character `^` (U+005E, CIRCUMFLEX ACCENT). A power is written **.",
        1,
    ),
    "a + é": (
        "The notation does not have the character `é` (U+00E9, LATIN SMALL LETTER E WITH ACUTE). "
        "Write the formula with Latin or Greek letters, numbers and + - * / ** ( ) [ ] | = >=.",
        4,
    ),
    "\x00": (
        "The notation does not have the character U+0000 (no name). "
        "Write the formula with Latin or Greek letters, numbers and + - * / ** ( ) [ ] | = >=.",
        0,
    ),
    "x" * 100_001: (
        "The formula has 100,001 characters; at most 100,000 are read. Split it into parts.",
        0,
    ),
    "(" * 90_000: ("The formula is nested more than 50 levels deep here. Write it in parts.", 50),
    "a**" * 90 + "a": ("The formula is nested more than 50 levels deep here. Write it in parts.", 150),
    "-(" * 60 + "a": ("The formula is nested more than 50 levels deep here. Write it in parts.", 101),
    "(a+b*" * 49 + "c" + ")" * 49: None,
}


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.items())
def test_meaning(text, meaning):
    assert parse(text) == meaning


@pytest.mark.parametrize(("text", "error"), ERRORS.items(), ids=[text[:20] for text in ERRORS])
def test_errors_are_verbatim_and_point_at_the_place(text, error):
    if error is None:
        parse(text)
        return
    reason, position = error
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert (caught.value.reason, caught.value.position) == (reason, position)
    first, excerpt, caret = str(caught.value).split("\n")
    assert first == reason
    assert len(excerpt) <= 110
    assert caret.index("^") == 4 + min(position, 60)


def test_the_caret_stands_below_the_place():
    with pytest.raises(FormulaError) as caught:
        parse("KL(q(z|x) || lgo(z))")
    message = "There is no function lgo. Did you mean log?\n    KL(q(z|x) || lgo(z))\n                 ^"
    assert str(caught.value) == message


def test_a_name_much_like_a_known_one_can_be_declared():
    assert parse("logit(a)", functions=["logit"]) == Function("logit", (a,))


def test_declared_variables_keep_their_support():
    small = Variable("z", Finite(3))
    assert parse("E_q(z)[z]", {"z": small}) == E(q(small))[small]
    assert parse("q(z')", {"z": small}) == q(Variable("z'", Finite(3)))
    assert parse("z + a", {"z": small}) == small + a


def test_an_equation_has_two_sides():
    equation = parse_equation("E_r(u)[u] = a")
    assert equation.left == E(r(u))[u]
    assert equation.right == a
    for text, reason in [
        ("a", "There is no equals sign. Write an identity as LEFT = RIGHT, or a bound as LEFT >= RIGHT."),
        ("a = b = c", "There is a second =. Write one statement at a time."),
        ("(a = b)", "The bracket ( is still open before this =. Close it with )."),
        ("a) = b", "This ) closes a bracket that was not opened. Take it out, or open it."),
    ]:
        with pytest.raises(FormulaError) as caught:
            parse_equation(text)
        assert caught.value.reason == reason


def test_both_sides_of_an_equation_share_their_names():
    assert parse_equation("h(z) = H(h(z))").left == Law("h")(z)


def test_long_flat_formulas_are_read():
    assert len(parse("+".join(["a"] * 40_000)).terms) == 40_000  # pyright: ignore[reportAttributeAccessIssue]
    parse("*".join(["9e300"] * 15_000))


_PIECES = """KL( E_q(z|x)[ E_{ H( log exp( sqrt( integral( ∫ dz q(z|x) p(x,z) || | ( ) [ ] { } , ; = + - * / ** 0 1.5
1e9 a z x z' β é ^"""
PIECES = st.sampled_from(_PIECES.split())


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    error = None
    try:
        parse(text)
    except FormulaError as caught:
        error = caught
    assert error is None or error.reason.endswith((".", "?"))
    assert error is None or 0 <= error.position <= len(text)


def test_statements():
    assert repr(parse_statement("KL(q(z) || p(z)) ≥ 0")) == "KL(q(z) || p(z)) >= 0"
    assert repr(parse_statement("a <= b")) == "b >= a"
    assert repr(parse_statement("a = b")) == "a = b"
    with pytest.raises(FormulaError, match="An inequality stands where an equation is expected"):
        parse_equation("a >= b")


def test_a_density_at_a_point_of_several_that_it_may_be():
    with pytest.raises(FormulaError, match=r"it may be q\(z\) or q\(u\)"):
        parse("q(-1) + q(z) + q(u)")
