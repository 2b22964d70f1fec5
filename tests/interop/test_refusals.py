"""What has no honest density in a NumPyro program is refused by the name of its site."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
import pytest

import elbowroom as er

X = jnp.array([[0.5, -0.2, 1.0]])


def observe(centre, x):
    numpyro.sample("x", dist.Normal(centre, 1.0).expand([3]).to_event(1), obs=x)


def plain(x):
    observe(numpyro.sample("z", dist.Normal(0.0, 1.0)), x)


def plain_guide(x):
    numpyro.sample("z", dist.Normal(0.0, 1.0))


def discrete(x):
    observe(1.0 * numpyro.sample("k", dist.Categorical(probs=jnp.array([0.2, 0.8]))), x)


def subsampled(x):
    z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    with numpyro.plate("rows", 3, subsample_size=2) as index:
        numpyro.sample("x", dist.Normal(z, 1.0), obs=x[index])


def with_factor(x):
    z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    numpyro.factor("penalty", -jnp.abs(z))
    observe(z, x)


def scaled(x):
    z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    with numpyro.handlers.scale(scale=0.5):
        observe(z, x)


def masked(x):
    z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    with numpyro.handlers.mask(mask=False):
        observe(z, x)


def improper(x):
    scale = numpyro.sample("scale", dist.ImproperUniform(dist.constraints.positive, (), ()))
    observe(scale, x)


def improper_and_moved(x):
    flat = dist.ImproperUniform(dist.constraints.real, (), ())
    observe(numpyro.sample("level", dist.TransformedDistribution(flat, dist.transforms.AffineTransform(1.0, 2.0))), x)


REFUSED_MODELS = {
    "discrete": (discrete, "latent site 'k' of the model is discrete.*Sum it out"),
    "subsampled": (subsampled, "plate 'rows' of the model takes 2 of its 3 rows at random.*without subsample_size"),
    "factor": (with_factor, r"numpyro\.factor\('penalty'\).*log p\(x\) is not the evidence"),
    "scaled": (scaled, "site 'x' of the model is multiplied by 0.5.*not normalised"),
    "masked": (masked, "site 'x' of the model is masked.*Leave out the masked entries"),
    "improper": (improper, "prior of 'scale' is improper.*proper prior"),
    "improper and moved": (improper_and_moved, "prior of 'level' is improper"),
}


@pytest.mark.parametrize(("model", "words"), REFUSED_MODELS.values(), ids=REFUSED_MODELS.keys())
def test_models_without_an_evidence_are_refused_by_site(model, words):
    with pytest.raises(er.Refused, match=words):
        er.from_numpyro(model, plain_guide, {}, X)


def point_guide(x):
    numpyro.sample("z", dist.Delta(0.3))


def auxiliary_guide(x):
    u = numpyro.sample("u", dist.Normal(0.0, 1.0), infer={"is_auxiliary": True})
    numpyro.sample("z", dist.Normal(u, 1.0))


def scaled_guide(x):
    with numpyro.handlers.scale(scale=2.0):
        plain_guide(x)


REFUSED_GUIDES = {
    "point": (point_guide, r"point mass \(Delta\) on 'z'.*AutoNormal"),
    "auxiliary": (auxiliary_guide, "The guide draws 'u'.*auxiliary variables.*AutoMultivariateNormal"),
    "scaled": (scaled_guide, "site 'z' of the guide is multiplied by 2.0"),
}


@pytest.mark.parametrize(("guide", "words"), REFUSED_GUIDES.values(), ids=REFUSED_GUIDES.keys())
def test_guides_without_a_density_are_refused(guide, words):
    with pytest.raises(er.Refused, match=words):
        er.from_numpyro(plain, guide, {}, X)


def unobserved(x):
    numpyro.sample("z", dist.Normal(0.0, 1.0))


def no_latent(x):
    observe(0.0, x)


def counts(x):
    z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    numpyro.sample("x", dist.Poisson(jnp.exp(z)).expand([3]).to_event(1), obs=x)


UNUSABLE = {
    "nothing observed": (unobserved, plain_guide, X, "observes nothing.*obs="),
    "no latent": (no_latent, plain_guide, X, "no latent site"),
    "other names": (
        plain,
        lambda x: numpyro.sample("w", dist.Normal(0.0, 1.0)),
        X,
        "latent site 'z'.*it has 'w' instead",
    ),
    "data outside": (
        counts,
        plain_guide,
        X,
        r"site 'x' takes values in .*1 of the 1 data have others \(first: row 0\)",
    ),
    "one datum as a vector": (plain, plain_guide, X[0], r"shape \(3,\).*x\[None, :\]"),
}


@pytest.mark.parametrize(("model", "guide", "x", "words"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_used_is_an_input_error(model, guide, x, words):
    with pytest.raises(er.InputError, match=words):
        er.from_numpyro(model, guide, {}, x)


def test_a_plate_over_all_its_rows_and_a_scale_of_one_are_no_reason_to_refuse():
    def model(x):
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        with numpyro.plate("rows", 3, subsample_size=3), numpyro.handlers.scale(scale=1.0):
            numpyro.sample("x", dist.Normal(z, 1.0), obs=x)

    by_plate = er.from_numpyro(model, plain_guide, {}, X)
    by_event = er.from_numpyro(plain, plain_guide, {}, X)
    z = jnp.array([0.4])
    assert float(by_plate.log_joint(X[0], z)) == pytest.approx(float(by_event.log_joint(X[0], z)), rel=1e-12)
