"""A pair of PyTorch modules as a model: the same numbers as the same network in Equinox, and clear refusals."""

import subprocess
import sys
from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from tests.interop.torch_vae import HIDDEN, LATENT, OBSERVED, bits, equinox_model, torch_modules

import elbowroom as er
from elbowroom.evidence.importance import importance_weighted_bound

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")


@pytest.fixture
def single_precision():
    with jax.enable_x64(False):
        yield


@pytest.fixture(scope="module")
def modules():
    return torch_modules(torch)


def torch_model(modules, **others):
    return er.from_torch(*modules, latent=LATENT, **{"spread": "scale", "likelihood": "bernoulli", **others})


def test_densities_and_gradients_are_those_of_equinox(modules, single_precision):
    ours, theirs = equinox_model(*modules), torch_model(modules)
    x = jnp.asarray(bits(5))
    z = jr.normal(jr.key(0), (5, LATENT), jnp.float32)

    def weight_and_gradients(model):
        def log_weight(z, x):
            return model.log_joint(x, z) - model.encoder(x).log_prob(z)

        return jax.jit(jax.vmap(jax.value_and_grad(log_weight, argnums=(0, 1))))(z, x)

    made, expected = weight_and_gradients(theirs), weight_and_gradients(ours)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-3, atol=1e-4), made, expected)


def test_bounds_with_the_same_key_are_the_same_numbers(modules, single_precision):
    x, key = jnp.asarray(bits(4)), jr.key(5)
    made, expected = (
        importance_weighted_bound(model, x, key=key, samples=300)
        for model in (torch_model(modules), equinox_model(*modules))
    )
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.slow
def test_the_certificate_is_that_of_equinox_up_to_monte_carlo_error(modules, single_precision):
    """Different keys, so nothing is shared but the function: each mean within 5.03 standard errors of the difference.

    Five comparisons, each with a false alarm in 5e-7 (Student's t with 99 degrees of freedom: 2e-6). The standard error
    is that of the differences over data, which are independent: each datum has its own key. At 100 data it is about
    0.003 nats for the ELBO, so that an error of a hundredth of the gap is seen.
    """
    x = bits(100)
    settings = er.CertifySettings(simulated=False)
    made = er.certify(torch_model(modules), x, key=jr.key(1), settings=settings)
    expected = er.certify(equinox_model(*modules), x, key=jr.key(2), settings=settings)
    for name in ("elbo", "elbo_refined", "log_evidence_lower", "log_evidence_upper", "gap"):
        difference = getattr(made.real.per_datum, name) - getattr(expected.real.per_datum, name)
        stderr = difference.std(ddof=1) / np.sqrt(len(x))
        assert abs(difference.mean()) < 5.03 * stderr, name
        assert stderr < 0.02, name
    assert made.gap.lower.kind == expected.gap.lower.kind
    assert made.gap.upper.kind == expected.gap.upper.kind
    assert made.real.active_units == expected.real.active_units
    assert np.allclose(made.real.kl_per_dimension, expected.real.kl_per_dimension, rtol=1e-4)


def test_the_three_spreads_are_one_distribution():
    """The same q from networks that give its scale, its log-scale and its log-variance."""
    scale = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    found = {}
    for spread, values in (("scale", scale), ("log_scale", scale.log()), ("log_variance", 2 * scale.log())):
        encoder = torch.nn.Linear(OBSERVED, 2 * LATENT).double()
        with torch.no_grad():
            encoder.weight.zero_()
            encoder.bias.copy_(torch.cat([torch.arange(3.0), values]))
        decoder = torch.nn.Linear(LATENT, OBSERVED).double()
        model = er.from_torch(encoder.eval(), decoder.eval(), latent=LATENT, spread=spread, likelihood="bernoulli")
        q = model.encoder(jnp.zeros(OBSERVED))
        found[spread] = np.asarray([q.mean, q.variance])
    np.testing.assert_allclose(found["log_scale"], found["scale"], rtol=1e-12)
    np.testing.assert_allclose(found["log_variance"], found["scale"], rtol=1e-12)
    np.testing.assert_allclose(found["scale"], [[0, 1, 2], [0.25, 1, 4]], rtol=1e-12)


def test_a_gaussian_likelihood_has_its_noise_scale(modules, single_precision):
    model = torch_model(modules, likelihood="gaussian", noise_scale=0.7)
    z, x = jnp.full(LATENT, 0.3, jnp.float32), jnp.zeros(OBSERVED, jnp.float32)
    mean = modules[1](torch.full((1, LATENT), 0.3)).detach().numpy()[0]
    expected = -0.5 * np.sum((mean / 0.7) ** 2) - OBSERVED * np.log(0.7 * np.sqrt(2 * np.pi))
    assert float(model.decoder(z).log_prob(x)) == pytest.approx(expected, rel=1e-5)


NOT_A_MODEL = {
    "training mode": (lambda e, d: (e.train(), d), {}, r"encoder is in training mode.*encoder\.eval\(\)"),
    "probabilities": (
        lambda e, d: (e, torch.nn.Sequential(*d, torch.nn.Sigmoid()).eval()),
        {},
        r"ends in a Sigmoid.*log-odds.*decoder\[:-1\]",
    ),
    "another latent": (
        lambda e, d: (e, torch.nn.Linear(4, OBSERVED).eval()),
        {},
        "decoder failed on one row of 3 zeros",
    ),
    "half an encoder": (
        lambda e, d: (torch.nn.Linear(OBSERVED, LATENT).eval(), d),
        {},
        "gives 3 numbers for one row of 12; with latent=3 it has to give 6",
    ),
    "images": (
        lambda e, d: (e, torch.nn.Sequential(*d, torch.nn.Unflatten(1, (3, 4))).eval()),
        {},
        r"array of shape \(1, 3, 4\).*torch\.nn\.Flatten",
    ),
    "a spread that is no name": (lambda e, d: (e, d), {"spread": "sigma"}, "`spread` is 'sigma'.*log_variance"),
    "no noise": (lambda e, d: (e, d), {"likelihood": "gaussian"}, "noise_scale=None.*'gaussian' with one"),
    "negative noise": (lambda e, d: (e, d), {"likelihood": "gaussian", "noise_scale": -1.0}, "noise_scale=-1.0"),
    "noise of another length": (
        lambda e, d: (e, d),
        {"likelihood": "gaussian", "noise_scale": np.ones(HIDDEN)},
        "a number or 12 of them",
    ),
    "noise of a Bernoulli": (lambda e, d: (e, d), {"noise_scale": 1.0}, "'bernoulli' without a noise_scale"),
}


@pytest.mark.parametrize(("change", "others", "words"), NOT_A_MODEL.values(), ids=NOT_A_MODEL.keys())
def test_what_is_no_such_model_is_refused_by_name(change, others, words):
    with pytest.raises(er.InputError, match=words):
        torch_model(change(*torch_modules(torch)), **others)


def test_pytorch_is_not_imported_until_a_module_is_given():
    program = (
        "import sys, elbowroom as er; er.from_torch; er.TorchNetwork; import jax, elbowroom.interop.pytorch as p; "
    )
    check = "print(type(sys.modules.get('torch')).__name__)"
    done = subprocess.run([sys.executable, "-c", program + check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("NoneType", "_LazyModule")
