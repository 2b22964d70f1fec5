"""A value that is not finite: step and data are named, and the state before it survives."""

import numpy as np
import pytest

from elbowroom.training.checkpoint import load_arrays
from elbowroom.training.failure import NonFinite
from elbowroom.training.keeper import STATE, Keeper
from elbowroom.training.settings import TrainSettings
from elbowroom.training.train import dataset_of, train

from .problems import model_of, reals


def _with_outlier(split: str) -> tuple[object, int]:
    dataset = reals()
    rows = dataset.split(split).rows
    rows[5] = 1e25  # finite in float32, but its square is not
    return dataset, 5


def test_D26_step_and_data_are_named_and_the_state_before_survives(tmp_path):
    dataset, index = _with_outlier("train")
    with pytest.raises(NonFinite) as caught:
        train(model_of("gaussian", 3), dataset, settings=TrainSettings(batch=4, epochs=3), out=tmp_path / "run")
    error = caught.value
    assert error.data == (index,)
    assert f"is not finite at step {error.step} (epoch 1) for 1 of 4 data: index 5 of the training split" in str(error)
    assert "What is not finite is log p(x|z), of the decoder." in str(error)
    arrays, notes = load_arrays(tmp_path / "run" / STATE)
    assert notes["position"]["step"] == error.step - 1 == arrays["train.step"]
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_validation_data_that_cannot_be_evaluated_are_named(tmp_path):
    dataset, index = _with_outlier("validation")
    with pytest.raises(NonFinite) as caught:
        train(model_of("gaussian", 3), dataset, settings=TrainSettings(batch=4, epochs=3), out=tmp_path / "run")
    assert caught.value.data == (index,)
    assert "After epoch 1 (step 11) the ELBO is not finite for 1 of 9 validation data: index 5" in str(caught.value)
    assert load_arrays(tmp_path / "run" / STATE)[1]["position"]["step"] == 11


def test_without_a_folder_nothing_is_promised():
    assert Keeper(None, 1.0).where() == "Nothing was written, because training had no run folder."


def test_an_array_with_nan_is_refused_before_training():
    rows = reals().train.rows.copy()
    rows[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN value in 1 of 42 rows; the first is at row 3, column 1"):
        dataset_of(rows)
