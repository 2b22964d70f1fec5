"""Any density of a joint law by the parts that are known of it."""

import pytest

from elbowroom.derivation.check import check
from elbowroom.errors import InputError
from elbowroom.functional.joint import in_parts, is_same_density
from elbowroom.functional.law import Variable, laws, variables

x, y, z = variables("x y z")
p, q = laws("p q")

CASES = {
    "itself": (p(z), [p(z)], "p(z)"),
    "a joint law": (p(x, z), [p(z), p(x | z)], "p(z)*p(x|z)"),
    "a marginal": (p(x), [p(z), p(x | z)], "integral(p(z)*p(x|z), z)"),
    "a posterior": (p(z | x), [p(z), p(x | z)], "p(z)*p(x|z)/integral(p(z')*p(x|z'), z')"),
    "what nothing depends on is left out": (p(z, x), [p(z), p(x | z), p(y | x)], "p(z)*p(x|z)"),
    "a part with two variables": (p(z), [p(x, z)], "integral(p(x,z), x)"),
    "of a part with two variables": (p(z | x), [p(x, z)], "p(x,z)/integral(p(x,z'), z')"),
    "given from outside": (q(y | x), [q(z | x), q(y | z)], "integral(q(z|x)*q(y|z), z)"),
    "at other variables": (p(Variable("w", role="z")), [p(x, z)], "integral(p(x,w), x)"),
    "other letters have no say": (p(z, x), [q(y), p(z), p(x | z)], "p(z)*p(x|z)"),
}


@pytest.mark.parametrize(("density", "parts", "text"), CASES.values(), ids=CASES.keys())
def test_in_parts(density, parts, text):
    assert str(in_parts(density, parts)) == text


@pytest.mark.parametrize("density", [p(x), p(z | x), p(x, z), p(y | x), p(x, y | z), p(z | x, y)], ids=str)
@pytest.mark.parametrize("parts", [[p(z), p(x | z), p(y | x, z)], [p(y), p(z, x | y)], [p(x, y, z)]], ids=str)
def test_by_any_parts_that_make_up_the_joint_law_a_density_is_itself(density, parts):
    assert check(density, in_parts(density, parts)).verdict == "holds"


def test_what_is_not_known_is_named():
    with pytest.raises(
        InputError, match=r"p\(x\) is needed, and what is known of the law p \(p\(x\|z\)\) does not say how z"
    ):
        in_parts(p(x), [p(x | z)])


def test_the_same_density_at_other_variables():
    assert is_same_density(q(z | x), q(Variable("z'") | x))
    assert not is_same_density(q(z | x), q(x | z))
