"""Problem files: what they state, and each error with the key it is about."""

import math
import os
import pathlib
import tomllib

import pytest

from elbowroom.errors import InputError
from elbowroom.functional.expression import Function, Parameter
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.problem_file import read_problem, read_problem_text
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Circle, Finite, Positive, Real
from elbowroom.functional.traverse import free_variables

_BESIDE = pathlib.Path(__file__).parents[3] / "shared"
_FOLDER = pathlib.Path(os.environ.get("ELBOWROOM_SHARED", _BESIDE)) / "truth" / "problems"
FILES = sorted(_FOLDER.glob("*.toml"))


@pytest.mark.skipif(not FILES, reason="the folder with problems of known answer is absent")
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_problem_of_known_answer_is_read_in_full(path):
    problem = read_problem(path)
    written = tomllib.loads(path.read_text())
    given = problem.given
    observed = set(written.get("parameters", {})) & set(written["variables"])
    assert problem.sense in written
    assert len(problem.subject_to) == len(written.get("subject_to", []))
    assert {str(law) for law in given.laws} == {key.replace(", ", ",") for key in written.get("laws", {})}
    assert {str(function) for function in given.functions} == set(written.get("functions", {}))
    assert {variable.name for variable in given.observed} == observed
    assert set(given.parameters) == set(written.get("parameters", {})) - observed
    assert set(given.variables) == set(written["variables"])
    assert free_variables(problem.functional) <= set(given.observed)


def problem(text="", **tables):
    """A problem of KL(q(z) || p(z)) over q(z) on the real line, with the given lines in its tables."""
    tables = {"variables": 'z = "real"', "laws": '"p(z)" = "Normal(z; 0, 1)"', **tables}
    top = 'minimise = "KL(q(z) || p(z))"\nover = "q(z)"' if "minimise" not in text else ""
    body = "\n".join(f"[{name}]\n{lines}" for name, lines in tables.items() if lines)
    return read_problem_text(f"{top}\n{text}\n{body}")


def test_supports():
    lines = 'z = "real"\na = "positive"\nb = "circle"\nc = [0, 2.5]\nd = {finite = 3}\ne = {real = 2}'
    variables = problem(variables=lines).given.variables
    assert [str(variable.support) for variable in variables.values()] == [
        "real", "positive", "circle", "[0, 5/2]", "{0..2}", "real^2",
    ]  # fmt: skip
    assert variables["a"] == Variable("a", Positive())
    assert variables["b"].support == Circle()
    assert variables["e"].support == Real(2)


def test_a_variable_with_a_number_is_observed():
    given = problem(variables='z = "real"\nx = "real"', parameters="x = 0.5\nb = 2").given
    assert given.observed == {Variable("x"): 0.5}
    assert given.parameters == {"b": 2.0}


def test_a_table_is_a_law_of_finite_variables():
    given = problem(
        'minimise = "MI(q; x, z)"\nover = "q(z|x)"',
        variables="x = {finite = 2}\nz = {finite = 3}",
        laws='"q(x)" = [0.25, 0.75]',
    ).given
    assert given.laws == {DensityValue("q", (Variable("x", Finite(2)),)): Table((0.25, 0.75))}
    assert Table(((0.5, 0.5, 0.0), (0.25, 0.25, 0.5))).shape == (2, 3)


def test_a_density_at_another_variable_is_the_same_density():
    text = 'minimise = "integral(integral(k(z, u)*q(z)*q(u), u), z)"\nover = "q(z)"'
    stated = problem(text, variables='z = "real"\nu = "real"', laws="", functions='"k(z, u)" = "exp(-(z - u)**2)"')
    u = stated.given.variables["u"]
    assert u == Variable("u", role="z")
    assert stated.given.functions.keys() == {Function("k", (Variable("z"), u))}


def test_laws_may_be_written_in_other_variables_than_they_are_used_at():
    stated = problem(variables='z = "real"\nw = "real"', laws='"p(w)" = "Normal(w; 0, 1)"')
    assert stated.given.variables["w"].role == "z"


def test_unknown_numbers_and_functions():
    stated = problem(
        'minimise = "KL(q(z) || p(z))"\nover = ["m", "s"]',
        laws='"p(z)" = "Normal(z; 0, 1)"\n"q(z)" = "Normal(z; m, s)"',
        unknowns='m = "real"\ns = "positive"',
    )
    assert stated.over == (Parameter("m"), Parameter("s", Positive()))
    stated = problem(
        'minimise = "integral(diff(y(z), z)**2, z)"\nover = "y(z)"\nsubject_to = ["y(0) = 1", "y(z) >= 0"]',
        variables="z = [0, 1]",
        laws="",
        unknowns='"y(z)" = "function"',
    )
    assert [str(constraint) for constraint in stated.subject_to] == ["y(0) = 1", "y(z) >= 0"]


ERRORS = {
    "a key that is none": ({"text": 'minimize = "a"\nminimise = "a"\nover = "q(z)"'}, "minimize is no key.*minimise"),
    "no sense": ({"text": 'over = "q(z)"\n#minimise'}, "Neither minimise nor maximise is there"),
    "no unknown": ({"text": 'minimise = "H(q(z))"'}, "There is no key over"),
    "a misspelt function": (
        {"laws": '"p(z)" = "epx(-z)"'},
        r'\[laws\] "p\(z\)": There is no function epx. Did you mean exp\?\n    epx\(-z\)\n    \^',
    ),
    "a misspelt family": ({"laws": '"p(z)" = "Norml(z; 0, 1)"'}, "There is no family Norml. Did you mean Normal?"),
    "a family with too few parameters": ({"laws": '"p(z)" = "Normal(z; 0)"'}, "has the parameters loc, scale, and 1"),
    "a misspelt variable": ({"variables": 'zz = "real"'}, "The variable z in .* is not declared"),
    "an undeclared variable": (
        {"text": 'minimise = "integral(q(z)*p(w), w)"\nover = "q(z)"'},
        "The variable w in minimise is not declared",
    ),
    "a misspelt parameter": (
        {"text": 'minimise = "beta*H(q(z))"\nover = "q(z)"', "parameters": "betta = 1"},
        "beta has no value, and betta under .parameters. is not used",
    ),
    "a support that is none": ({"variables": 'z = "reel"'}, r"\[variables\] \"z\" is 'reel', which is no set"),
    "an empty interval": ({"variables": "z = [1, 1]"}, "lower end is not below"),
    "too many values": ({"variables": "z = {finite = 100000000}"}, "which is no set of values"),
    "a number that is none": ({"parameters": "a = nan"}, "is a finite number"),
    "a truth value": ({"parameters": "a = true"}, "is a number, and not True"),
    "an impossible parameter": ({"laws": '"p(z)" = "Normal(z; 0, -1)"'}, "has the scale -1"),
    "a family on other values": ({"laws": '"p(z)" = "Gamma(z; 1, 1)"'}, "is a density on the values positive, and"),
    "a law through itself": ({"laws": '"p(z)" = "exp(-z)*p(z)"'}, "p is defined through p"),
    "laws through one another": (
        {"laws": '"p(z)" = "r(z)"\n"r(z)" = "p(z)"'},
        "(p is defined through r is defined through p|r is defined through p is defined through r)",
    ),
    "a law with a foreign variable": (
        {"variables": 'z = "real"\nu = "real"', "laws": '"p(z)" = "Normal(z; u, 1)"'},
        r"The definition of p\(z\) depends on u",
    ),
    "an unknown that is known": ({"laws": '"q(z)" = "Normal(z; 0, 1)"'}, "is the unknown, and .laws. defines it"),
    "a variable twice": (
        {"variables": 'z = "real"\nx = "real"', "laws": '"p(z)" = "Normal(z; 0, 1)"\n"p(z|x)" = "Normal(z; x, 1)"'},
        "The law p gives z twice",
    ),
    "a circle of parts": (
        {"variables": 'z = "real"\nx = "real"', "laws": '"p(x|z)" = "Normal(x; z, 1)"\n"p(z|x)" = "Normal(z; x, 1)"'},
        "depend on one another in a circle",
    ),
    "two meanings": ({"functions": '"z(z)" = "z"'}, "z is declared as a variable and as a function"),
    "a number for an unknown": (
        {"unknowns": 'm = "real"', "parameters": "m = 1"},
        "is an unknown number and has a value",
    ),
    "an unknown that nobody declared": (
        {"text": 'minimise = "H(q(z))"\nover = "m"'},
        "over m is neither a density with its variables",
    ),
    "not TOML": ({"text": "minimise = = 2\n"}, "This is not TOML that can be read"),
    "nested too deeply": ({"parameters": f"a = {'[' * 5000}{']' * 5000}"}, "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize(("tables", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_errors_name_the_place(tables, message):
    with pytest.raises(InputError, match=message) as caught:
        problem(**tables)
    assert str(caught.value).startswith("In the problem: ")


CONSTRAINTS = {
    "independent": (["E_q(z)[z] = m", "E_q(z)[(z - m)**2] = 1"], None),
    "the same statistic": (["E_q(z)[z] = 0", "E_q(z)[z] = 1"], r"E_q\(z\)\[z\] = 1 contradicts E_q\(z\)\[z\] = 0"),
    "twice": (["E_q(z)[z] = 1", "E_q(z)[z] = 1"], "is stated twice"),
    "a multiple that agrees": (["E_q(z)[z] = 1", "E_q(z)[2*z + 1] = 3"], "follows from"),
    "a multiple that does not": (["E_q(z)[z] = 1", "E_q(z)[2*z + 1] = 4"], "contradicts"),
    "three": (["E_q(z)[z] = m", "E_q(z)[z**2] = 1", "E_q(z)[(z - m)**2] = 2"], "contradicts .* and "),
    "three that agree": (["E_q(z)[z] = m", "E_q(z)[z**2] = 1", "E_q(z)[(z - m)**2] = 1 - m**2"], "follows from"),
    "as an integral": (["integral(q(z)*z, z) = 1", "E_q(z)[z] - 2 = 0"], "contradicts"),
    "the normalisation": (["integral(q(z), z) = 1"], None),
    "a mass that is not one": (["integral(q(z), z) = 2"], r"cannot hold: the total mass of q\(z\) is one"),
    "other functions are letters": (["E_q(z)[log(z)] = 1", "E_q(z)[-log(z)] = 1"], "contradicts"),
    "numbers that are not known": (["E_q(z)[z] = c", "E_q(z)[z] = d"], None),
    "what is not linear": (["E_q(z)[z]**2 = 1", "E_q(z)[z] = 2"], None),
    "bounds": (["E_q(z)[z] >= 0", "E_q(z)[z] >= 1"], None),
}


@pytest.mark.parametrize(("constraints", "message"), CONSTRAINTS.values(), ids=CONSTRAINTS.keys())
def test_constraints_that_contradict_or_repeat_one_another(constraints, message):
    text = f'minimise = "H(q(z))"\nover = "q(z)"\nsubject_to = {constraints}'
    if message is None:
        assert len(problem(text, parameters="m = 0.3").subject_to) == len(constraints)
        return
    with pytest.raises(InputError, match=message):
        problem(text, parameters="m = 0.3")


FAMILIES = {
    "Categorical(z; 0.2, 0.3, 0.5)": None,
    "Categorical(z; 0.2, 0.8)": r"on the values \{0..1\}, and z is \{0..2\}",
    "Categorical(z; 0.2, 0.3, 0.4)": "do not sum to one",
    "Categorical(z; a, 0.3, 1 - 0.3 - a)": None,
    "Binomial(z; 2, 0.3)": None,
    "Binomial(z; 2, 1.3)": "has the probs 1.3",
    "Bernoulli(z; 0.5)": r"on the values \{0..1\}",
    "Poisson(z; 1)": "density on all whole numbers from 0",
    "Uniform(z; 2, 1)": "has its upper end at or below its lower end",
    "Uniform(z; 0, 1)": r"on the values \[0, 1\]",
}


@pytest.mark.parametrize(("law", "message"), FAMILIES.items())
def test_a_family_lives_on_its_own_values(law, message):
    tables = {"variables": "z = {finite = 3}", "laws": f'"p(z)" = "{law}"'}
    if message is None:
        assert [str(body) for body in problem(**tables).given.laws.values()]
        return
    with pytest.raises(InputError, match=message):
        problem(**tables)


TABLES = {
    "negative": ("[-0.5, 1.5]", r"has -0.5 at \[0\]"),
    "not one": ("[0.5, 0.4]", "sums to 0.9"),
    "too short": ("[1.0]", "has 1 entries, where 2 entries are expected"),
    "too deep": ("[[0.5, 0.5], [0.5, 0.5]]", "more levels of brackets than variables"),
    "ragged": ("[[0.5], 0.5]", "more levels of brackets than variables"),
    "text": ('["a", 1]', "is a number, and not 'a'"),
}


@pytest.mark.parametrize(("values", "message"), TABLES.values(), ids=TABLES.keys())
def test_a_table_that_is_no_law(values, message):
    with pytest.raises(InputError, match=message):
        problem(variables="z = {finite = 2}", laws=f'"p(z)" = {values}')


def test_a_table_needs_finite_variables():
    with pytest.raises(InputError, match=r"is a table, and z is real. A table needs finite variables"):
        problem(laws='"p(z)" = [0.5, 0.5]')


def test_the_given_variables_of_a_table_come_last():
    text = 'minimise = "MI(q; x, z)"\nover = "q(x)"'
    variables = "x = {finite = 2}\nz = {finite = 2}"
    problem(text, variables=variables, laws='"q(z|x)" = [[1.0, 0.5], [0.0, 0.5]]')
    with pytest.raises(InputError, match=r"sums to 1.5 at \[0\] of what is given"):
        problem(text, variables=variables, laws='"q(z|x)" = [[1.0, 0.0], [0.5, 0.5]]')


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_problem(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="cannot be read"):
        read_problem(tmp_path)
    (tmp_path / "latin.toml").write_bytes("é".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin.toml is not UTF-8 text \(byte 0\)"):
        read_problem(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_text("#" * 500_001)
    with pytest.raises(InputError, match=r"has more than 500,000 bytes"):
        read_problem(tmp_path / "large.toml")


def test_numbers_are_what_is_written():
    assert problem(parameters="a = 0.1\nb = 3").given.parameters == {"a": 0.1, "b": 3.0}
    assert not any(math.isnan(value) for value in problem().given.parameters.values())
