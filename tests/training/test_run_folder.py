"""The run folder: what it holds, what is refused, and that nothing that exists is touched."""

import json

import jax
import numpy as np
import pytest

from elbowroom.data.dataset import Dataset
from elbowroom.data.load import load_dataset
from elbowroom.errors import InputError
from elbowroom.training.checkpoint import load_arrays, named_leaves
from elbowroom.training.config_file import CONFIG
from elbowroom.training.keeper import METRICS, STATE, WEIGHTS
from elbowroom.training.run_folder import load_run
from elbowroom.training.run_settings import DataSettings, ModelSettings, RunSettings
from elbowroom.training.settings import TrainSettings
from elbowroom.training.start import completed
from elbowroom.training.train import train_run

from .problems import bits

SMALL = RunSettings(
    data=DataSettings(source="digits"),
    model=ModelSettings(latent=2, hidden=(4,)),
    training=TrainSettings(epochs=2, batch=400),
)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory):
    """A finished run, to be read only."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        folder = tmp_path_factory.mktemp("runs") / "digits"
        return folder, train_run(completed(SMALL, digits), digits, folder)


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a finished run."""
    folder = tmp_path / "run"
    folder.mkdir()
    for file in finished[0].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def _contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_run_folder_holds_what_it_should_and_nothing_else(finished):
    folder, fit = finished
    assert sorted(file.name for file in folder.iterdir()) == [CONFIG, METRICS, STATE, WEIGHTS]
    config = json.loads((folder / CONFIG).read_text())
    assert config["format"] == 1
    assert config["settings"]["training"]["seed"] == 0
    assert set(config["versions"]) >= {"elbowroom", "jax", "numpy"}
    records = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    assert records == list(fit.history)


def test_a_run_is_loaded_with_its_best_weights(finished):
    folder, fit = finished
    run = load_run(folder)
    for name, array in named_leaves(fit.model).items():
        np.testing.assert_array_equal(array, named_leaves(run.model)[name], err_msg=name, strict=True)
    assert run.preparation.binarise == "dynamic"
    assert run.settings.training == SMALL.training
    assert run.dataset().name == "digits"
    assert run.metrics() == list(fit.history)


def test_D23_weights_hold_the_best_and_state_the_last(finished):
    folder, fit = finished
    last, _ = load_arrays(folder / STATE)
    best, notes = load_arrays(folder / WEIGHTS)
    for name, array in named_leaves(fit.state.train.parameters).items():
        np.testing.assert_array_equal(array, last[f"train.parameters.{name}"])
        np.testing.assert_array_equal(best[name], last[f"best.{name}"])
    assert notes["validation_elbo"] == max(record["validation_elbo"] for record in fit.history)


def test_a_folder_that_exists_is_left_as_it_is(run, digits, tmp_path):
    before = _contents(run)
    with pytest.raises(InputError, match="exists already, and is left as it is"):
        train_run(completed(SMALL, digits), digits, run)
    assert _contents(run) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    for resume in (False, True):
        with pytest.raises(InputError):
            train_run(completed(SMALL, digits), digits, tmp_path / "other", resume=resume)
    assert _contents(tmp_path / "other") == {"thesis.txt": b"years of work"}
    with pytest.raises(InputError, match="is a file, and a run needs a folder"):
        train_run(completed(SMALL, digits), digits, tmp_path / "other" / "thesis.txt")


def test_what_is_no_run_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="There is no run folder"):
        load_run(tmp_path / "none")
    with pytest.raises(InputError, match=r"is not a run folder: it has no config\.json"):
        load_run(tmp_path)
    (tmp_path / CONFIG).write_text("{")
    with pytest.raises(InputError, match="is damaged, or not a configuration"):
        load_run(tmp_path)
    (tmp_path / CONFIG).write_text('{"format": 1}')
    with pytest.raises(InputError, match="lacks dataset, preparation, settings"):
        load_run(tmp_path)


def test_a_config_from_a_newer_version_is_refused(run):
    config = json.loads((run / CONFIG).read_text())
    config.update(format=2, versions={"elbowroom": "9.0"})
    (run / CONFIG).write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"in format 2 by elbowroom 9\.0; .* reads formats up to 1\. Install a newer"):
        load_run(run)


@pytest.mark.parametrize("name", [WEIGHTS, STATE])
@pytest.mark.parametrize("damage", ["cut", "altered"])
def test_damaged_files_are_refused_by_name(run, digits, name, damage):
    contents = bytearray((run / name).read_bytes())
    contents[-3] ^= 1
    (run / name).write_bytes(bytes(contents if damage == "altered" else contents[:-3]))
    before = _contents(run)
    with pytest.raises(InputError, match=f"{name} is damaged"):
        load_run(run) if name == WEIGHTS else train_run(completed(SMALL, digits), digits, run, resume=True)
    assert _contents(run) == before


def test_a_run_without_a_checkpoint_says_so(run):
    (run / WEIGHTS).unlink()
    with pytest.raises(
        InputError, match=r"has no weights\.safetensors yet: it was stopped before its first checkpoint"
    ):
        load_run(run)


def test_resuming_keeps_data_and_settings(run, digits):
    before = _contents(run)
    other = RunSettings(SMALL.data, ModelSettings(latent=3, hidden=(4,)), SMALL.objective, SMALL.training)
    with pytest.raises(InputError, match=r"has model\.latent = 2, and 3 was asked for"):
        train_run(completed(other, digits), digits, run, resume=True)
    small = RunSettings(SMALL.data, SMALL.model, SMALL.objective, TrainSettings(epochs=2, batch=4))
    with pytest.raises(InputError, match="was trained on other data"):
        train_run(completed(small, bits()), bits(), run, resume=True)
    assert _contents(run) == before


def test_a_finished_run_is_extended_by_more_epochs(run, digits, tmp_path):
    longer = RunSettings(SMALL.data, SMALL.model, SMALL.objective, TrainSettings(epochs=3, batch=400))
    resumed = train_run(completed(longer, digits), digits, run, resume=True)
    straight = train_run(completed(longer, digits), digits, tmp_path / "straight")
    assert resumed.epochs == 3
    assert load_run(run).settings.training.epochs == 3
    assert (run / WEIGHTS).read_bytes() == (tmp_path / "straight" / WEIGHTS).read_bytes()
    assert resumed.elbo == straight.elbo


def test_data_that_changed_since_training_are_refused(tmp_path):
    generator, source = np.random.Generator(np.random.Philox(2)), tmp_path / "data.npy"
    np.save(source, generator.normal(size=(90, 3)))
    dataset = load_dataset(str(source))
    settings = RunSettings(DataSettings(), SMALL.model, SMALL.objective, TrainSettings(epochs=1, batch=20))
    train_run(completed(settings, dataset), dataset, tmp_path / "run")
    assert load_run(tmp_path / "run").dataset().fingerprint == dataset.fingerprint
    np.save(source, generator.normal(size=(90, 3)))
    with pytest.raises(InputError, match=r"are not those that .* was trained on"):
        load_run(tmp_path / "run").dataset()


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("model", "activation", "relu"),
        ("objective", "formula", "importance-weighted"),
        ("training", "batch", 100),
        ("preparation", "binarise", "threshold"),
        ("dataset", "fingerprint", "0" * 64),
    ],
)
def test_a_config_that_was_altered_is_refused_by_the_arrays_beside_it(run, table, name, value):
    config = json.loads((run / CONFIG).read_text())
    tables = config if table in config else config["settings"]
    before, tables[table][name] = tables[table][name], value
    (run / CONFIG).write_text(json.dumps(config))
    with pytest.raises(InputError, match=f"says {table}.{name} = {value!r}, .* were made with {before!r}"):
        load_run(run)


def test_an_altered_config_is_not_resumed_and_nothing_changes(run, digits):
    config = json.loads((run / CONFIG).read_text())
    config["settings"]["model"]["activation"] = "relu"
    (run / CONFIG).write_text(json.dumps(config))
    before = _contents(run)
    altered = RunSettings(SMALL.data, ModelSettings(latent=2, hidden=(4,), activation="relu"), training=SMALL.training)
    with pytest.raises(InputError, match=r"config.json beside .*state.safetensors says model.activation = 'relu'"):
        train_run(completed(altered, digits), digits, run, resume=True)
    assert _contents(run) == before


def test_a_run_whose_state_is_gone_is_not_begun_anew_over_its_weights(run, digits):
    (run / STATE).unlink()
    before = _contents(run)
    with pytest.raises(InputError, match=r"its state.safetensors is gone, and its weights.safetensors and metrics"):
        train_run(completed(SMALL, digits), digits, run, resume=True)
    assert _contents(run) == before


def test_fewer_rows_than_a_batch_are_refused_before_the_folder_is_made(digits, tmp_path):
    large = RunSettings(SMALL.data, SMALL.model, SMALL.objective, TrainSettings(batch=2000))
    with pytest.raises(InputError, match="The training split of digits has 1257 rows, fewer than a batch of 2000"):
        train_run(completed(large, digits), digits, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_a_killed_write_left_behind_is_no_obstacle(tmp_path, digits):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / f".{CONFIG}.123.temporary").write_bytes(b"half")
    train_run(completed(SMALL, digits), digits, folder, resume=True)
    assert sorted(file.name for file in folder.iterdir()) == [CONFIG, METRICS, STATE, WEIGHTS]
