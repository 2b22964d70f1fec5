"""Hostile text ends in a clear error: a sample of the fuzzing, and the cases that have a name."""

import itertools

import pytest
from benchmarks.fuzz_language import inputs, read

from elbowroom.errors import InputError
from elbowroom.functional.parse import parse
from elbowroom.functional.problem_file import read_problem_text

_TOP = 'minimise = "H(q(z))"\nover = "q(z)"\n'


@pytest.mark.parametrize("seed", range(4))
def test_mutated_text_is_read_or_refused(seed):
    results = {read(entry) for entry in inputs(250, seed)}
    assert results == {True, False}


@pytest.mark.slow
def test_a_hundred_thousand_mutated_texts_are_read_or_refused():
    assert {read(entry) for entry in inputs(100_000, 7)} == {True, False}


FORMULAS = {
    "a million brackets": "(" * 1_000_000,
    "a thousand brackets": "(" * 1_000 + "a" + ")" * 1_000,
    "a tower of powers": "**".join(["2"] * 10_000),
    "many minus signs before nothing": "-" * 99_999,
    "logarithms of logarithms": "log " * 20_000 + "z",
    "a row of integrals": "∫" * 5_000 + "q(z)" + "dz" * 5_000,
    "expectations in expectations": "E_q(z)[" * 5_000,
    "a number of many digits": "9" * 99_999,
    "a huge exponent": "1e999999999",
    "zero in the denominator": "1/0",
    "zero in a denominator of numbers": "1/2/3/0",
    "turned writing": "q(z)\u202e",
    "no space at all": "\ufeffq(z)",
    "surrogates": "\ud800",
    "every letter of Unicode": "".join(map(chr, itertools.chain(range(32, 0xD800), range(0xE000, 0x12000)))),
    "a variable of many primes": "q(z" + "'" * 50_000,
    "values at points that double": "at(" * 20 + "z*z" + ", z, z*z)" * 20,
    "a long value at a long point": f"at({'+'.join(['z'] * 20_000)}, z, {'+'.join(['z'] * 20_000)})",
    "a density of many variables": f"q({','.join(f'z{n}' for n in range(20_000))}",
}


@pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS.keys())
def test_a_hostile_formula_is_refused(text):
    with pytest.raises(InputError) as caught:
        parse(text)
    assert len(str(caught.value)) < 1_000


PROBLEMS = {
    "nested tables": _TOP + "[parameters]\na = " + "[" * 100_000,
    "nested inline tables": _TOP + "a = " + "{a = " * 50_000,
    "a dotted key": _TOP + ".".join(["a"] * 30_000) + " = 1",
    "a number of many digits": _TOP + "[parameters]\na = " + "9" * 100_000,
    "a float that is infinite": _TOP + "[parameters]\na = 1e999",
    "a table in many dimensions": _TOP + f'[laws]\n"p(z)" = {"[" * 200}1{"]" * 200}',
    "a date": _TOP + "[parameters]\na = 1979-05-27",
    "a table for a key": "minimise = {a = 1}\nover = 1",
    "names that are not text": "minimise = 1\nover = 2",
    "a list of lists": _TOP + "subject_to = [[1]]",
    "a table where text is expected": 'minimise = "H(q(z))"\nover = [{a = 1}]',
    "a key of nothing": _TOP + '[laws]\n"" = "1"',
    "a key of brackets": _TOP + '[laws]\n"((((" = "1"',
    "a finite variable of a huge size": _TOP + "[variables]\nz = {finite = 99999999999999999999}",
    "a table of a huge size": _TOP + '[variables]\nz = {finite = 10000}\n[laws]\n"p(z)" = [1]',
    "a circle of laws": _TOP + "[laws]\n" + "".join(f'"a{n}(z)" = "a{(n + 1) % 400}(z)"\n' for n in range(400)),
    "laws that double": _TOP
    + "[laws]\n"
    + '"a0(z)" = "exp(-z)"\n'
    + "".join(f'"a{n}(z)" = "a{n - 1}(z)*a{n - 1}(z)"\n' for n in range(1, 60)),
    "functions in functions": _TOP
    + "[functions]\n"
    + '"f0(z)" = "exp(-z)"\n'
    + "".join(f'"f{n}(z)" = "sin(f{n - 1}(z))"\n' for n in range(1, 400)),
    "thousands of laws": _TOP + "[laws]\n" + "".join(f'"a{n}(z)" = "1"\n' for n in range(9_000)),
    "thousands of tables": _TOP + "".join(f"[a{n}]\n" for n in range(100_000)),
    "an array of many tables": _TOP + "[[laws]]\n" * 100_000,
    "a quoted dotted key": _TOP + ".".join(['"a"'] * 30_000) + " = 1",
}


@pytest.mark.parametrize("text", PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_hostile_problem_is_refused(text):
    with pytest.raises(InputError) as caught:
        read_problem_text(text)
    assert len(str(caught.value)) < 2_000
