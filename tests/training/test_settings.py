"""Settings: from TOML and JSON and back; every complaint names the setting and the way out."""

import json

import pytest

from elbowroom.errors import InputError
from elbowroom.training.run_settings import RunSettings, overridden, read_settings, read_toml
from elbowroom.training.settings import TrainSettings


def test_settings_survive_json():
    settings = read_settings(
        {
            "data": {"source": "digits", "binarise": "threshold"},
            "model": {"latent": 3, "hidden": [20, 10]},
            "objective": {"formula": "elbo", "parameters": {"beta": 2}},
            "training": {"epochs": 3, "learning_rate": 1},
        }
    )
    assert settings.model.hidden == (20, 10)
    assert settings.training == TrainSettings(epochs=3, learning_rate=1.0)
    assert settings.objective.parameters == {"beta": 2.0}
    assert read_settings(json.loads(json.dumps(settings.to_json()))) == settings
    assert read_settings({}) == RunSettings()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"trainng": {}}, "There is no setting 'trainng'. Did you mean 'training'?"),
        ({"training": {"epoch": 3}}, "There is no setting 'training.epoch'. Did you mean 'training.epochs'?"),
        ({"training": {"zzz": 3}}, "There is no setting 'training.zzz'. There are: training.batch, "),
        ({"training": {"epochs": 2.5}}, "The setting 'training.epochs' is 2.5, and has to be a whole number."),
        ({"training": {"epochs": True}}, "The setting 'training.epochs' is True, and has to be a whole number."),
        ({"training": {"epochs": 0}}, "The setting 'training.epochs' is 0, and has to be at least 1."),
        ({"training": {"learning_rate": -1}}, "The setting 'training.learning_rate' is -1.0, and has to be positive."),
        ({"training": {"learning_rate": "fast"}}, "'training.learning_rate' is 'fast', and has to be a finite number."),
        ({"training": {"seed": -1}}, "'training.seed' is -1, and has to be between 0 and 4294967295."),
        ({"training": 3}, "The setting 'training' is a section: write its settings under [training]."),
        (
            {"data": {"binarise": "dynamik"}},
            "'data.binarise' is 'dynamik', and has to be one of 'dynamic', 'threshold', 'none'. Did",
        ),
        ({"model": {"hidden": 3}}, "The setting 'model.hidden' is 3, and has to be a list, such as [200, 200]."),
        (
            {"objective": {"parameters": {"beta": "x"}}},
            "'objective.parameters.beta' is 'x', and has to be a finite number.",
        ),
        ({"objective": {"samples": 0}}, "The setting 'objective.samples' is 0, and has to be at least 1."),
        ([], "A configuration is a table"),
    ],
)
def test_a_wrong_setting_is_named(tables, message):
    with pytest.raises(InputError) as caught:
        read_settings(tables)
    assert message in str(caught.value)


def test_options_override_the_file(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[training]\nepochs = 5\nbatch = 10\n")
    tables = overridden(read_toml(path), {"training": {"epochs": 7, "seed": None}, "data": {"source": "digits"}})
    assert tables == {"training": {"epochs": 7, "batch": 10}, "data": {"source": "digits"}}


def test_what_is_not_toml_is_refused_with_its_place(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("[training\nepochs = 5\n")
    with pytest.raises(InputError, match=r"a\.toml is not valid TOML: .*line 1"):
        read_toml(path)
    with pytest.raises(InputError, match="does not exist"):
        read_toml(tmp_path / "b.toml")
