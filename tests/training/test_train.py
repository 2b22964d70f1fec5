"""`train` as a function: arrays, data sets, objectives, models of one's own."""

import json

import equinox as eqx
import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.estimation.objectives import beta_elbo
from elbowroom.training.checkpoint import named_leaves
from elbowroom.training.run_folder import load_run
from elbowroom.training.settings import TrainSettings
from elbowroom.training.train import dataset_of, train

from .problems import OBSERVED, bits, model_of, reals

SHORT = TrainSettings(batch=16, epochs=2)


def test_an_array_is_split_and_trained_on(capsys):
    rows = np.concatenate([bits().train.rows, bits().validation.rows])
    fit = train(model_of("bernoulli", OBSERVED), rows, settings=SHORT)
    assert fit.epochs == 2
    assert fit.path is None
    assert set(fit.elbo) == {"train", "validation", "test", "stderr"}
    assert fit.elbo["validation"] == max(record["validation_elbo"] for record in fit.history)
    assert capsys.readouterr().err == "", "there is no bar where stderr is no terminal"


def test_a_model_of_ones_own_is_saved_and_loaded_by_its_structure(tmp_path):
    model = model_of("bernoulli", OBSERVED)
    fit = train(model, bits(), beta_elbo(2.0), SHORT, out=tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["settings"]["objective"]["parameters"] == {"beta": 2.0}
    assert config["settings"]["model"] is None
    with pytest.raises(InputError, match="was not made from settings"):
        load_run(tmp_path / "run")
    run = load_run(tmp_path / "run", model=model)
    for name, array in named_leaves(fit.model).items():
        np.testing.assert_array_equal(array, named_leaves(run.model)[name], err_msg=name, strict=True)
    with pytest.raises(InputError, match="does not belong to this model"):
        load_run(tmp_path / "run", model=model_of("bernoulli", OBSERVED + 1))


def test_the_model_given_is_not_changed():
    model = model_of("bernoulli", OBSERVED)
    before = named_leaves(model)
    fit = train(model, bits(), settings=SHORT)
    for name, array in named_leaves(model).items():
        np.testing.assert_array_equal(array, before[name])
    assert any((named_leaves(fit.model)[name] != array).any() for name, array in before.items())


def test_D12_grey_pixels_under_a_bernoulli_likelihood_are_refused_unless_binarised():
    grey = dataset_of(np.random.default_rng(0).integers(0, 256, (60, 2, 3)).astype(np.uint8))
    with pytest.raises(InputError, match=r"The train data of array do not fit the likelihood.*pixel \(0, 0\)"):
        train(model_of("bernoulli", OBSERVED), grey, settings=SHORT, binarise="none")


def test_real_numbers_are_not_binarised():
    with pytest.raises(InputError, match="are real numbers, not pixels with a largest value"):
        train(model_of("bernoulli", 3), reals(), settings=SHORT, binarise="dynamic")


def test_a_decoder_without_a_check_of_data_is_accepted():
    model = model_of("bernoulli", OBSERVED)
    decoder = model.decoder

    class Plain(eqx.Module):
        inner: eqx.Module

        def __call__(self, z):
            return self.inner(z)

    fit = train(eqx.tree_at(lambda one: one.decoder, model, Plain(decoder)), bits(), settings=SHORT)
    assert fit.epochs == 2
