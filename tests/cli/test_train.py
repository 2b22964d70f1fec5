"""`elbowroom train`: what it answers, and what it refuses, with the status and the paragraph."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from cli.runs import SMALL
from elbowroom.cli.main import main
from elbowroom.training.keeper import STATE


@pytest.fixture(autouse=True)
def _as_users_train():
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        yield


def test_the_json_document(finished):
    folder, answer = finished
    assert (answer["run"], answer["data"], answer["steps"], answer["epochs"]) == (str(folder), "digits", 7, 2)
    assert all(np.isfinite(value) for value in answer["elbo"].values())


@pytest.mark.parametrize(
    ("options", "paragraph"),
    [
        (["--batch", "5000"], "has 1257 rows, fewer than a batch of 5000"),
        (["--batch", "0"], "'training.batch' is 0, and has to be at least 1"),
        (["--hidden", "4,x"], "--hidden is '4,x'"),
        (["--binarise", "dinamic"], "Did you mean 'dynamic'?"),
        (["--threads", "0"], "--threads is 0"),
        (["--config", "none.toml"], "The configuration none.toml does not exist"),
        (["--objective", "elbow"], "Did you mean 'elbo'?"),
        (["--objective", "KL(q(z|x) || p(z|x))"], "cannot be estimated"),
        (["--objective", "E_q(z|x)[log p(x|z)"], "^"),
        (["--beta", "x"], "--beta"),
        (["--parameter", "beta"], "a name and a number"),
        (["--gradient", "pathwize"], "pathwise"),
        (["--likelihood", "bernouli"], "bernoulli"),
        (["--learning-rate", "-1"], "has to be positive"),
    ],
)
def test_bad_usage_has_status_2_and_touches_nothing(capsys, tmp_path, options, paragraph):
    assert main(["train", "digits", "--out", str(tmp_path / "run"), *options]) == 2
    said = capsys.readouterr()
    assert paragraph in " ".join(said.err.split())
    assert said.out == ""
    assert not (tmp_path / "run").exists()


def test_data_are_needed(capsys, tmp_path):
    assert main(["train", "--out", str(tmp_path / "run")]) == 2
    assert "There are no data to train on" in capsys.readouterr().err
    assert main(["train", "digit", "--out", str(tmp_path / "run")]) == 2
    assert "digits" in capsys.readouterr().err


def test_a_run_folder_that_exists_is_refused(capsys, finished):
    assert main(["train", "digits", "--out", str(finished[0]), *SMALL]) == 2
    assert "--resume" in capsys.readouterr().err


def test_a_file_holds_the_settings_and_options_override_it(capsys, tmp_path):
    config = tmp_path / "a.toml"
    config.write_text(
        '[data]\nsource = "digits"\n[model]\nlatent = 2\nhidden = [4]\n[training]\nepochs = 9\nbatch = 400\nseed = 3\n'
    )
    out = str(tmp_path / "run")
    assert main(["train", "--config", str(config), "--out", out, "--epochs", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["epochs"] == 1
    settings = json.loads((tmp_path / "run" / "config.json").read_text())["settings"]
    assert settings["training"]["epochs"] == 1
    assert settings["training"]["seed"] == 3


def test_resuming_needs_no_settings(capsys, tmp_path, finished):
    folder, first = finished
    out = str(tmp_path / "run")
    shutil.copytree(folder, out)
    assert main(["train", "--out", out, "--resume", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["elbo"] == first["elbo"]
    assert again["steps"] == first["steps"]
    assert main(["train", "--out", out, "--resume", "--epochs", "3"]) == 0
    said = capsys.readouterr()
    assert "Trained on digits for 3 epochs (10 steps)" in said.out
    assert "ELBO, nats per datum:" in said.out
    assert said.err == "", "there is no bar where stderr is no terminal"


@pytest.mark.usefixtures("interruptible")
def test_interruption_has_status_130_and_says_how_to_go_on(tmp_path):
    out = tmp_path / "run"
    command = ["train", "digits", "--out", str(out), "--epochs", "100000", "--patience", "0", *SMALL[4:]]
    with subprocess.Popen(
        [sys.executable, "-m", "elbowroom.cli", *command, "--config", str(_often(tmp_path))],
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while process.poll() is None and not (out / STATE).exists():
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Interrupted." in said
    assert "--resume" in said
    assert "Traceback" not in said


def _often(folder):
    path = folder / "often.toml"
    path.write_text("[training]\ncheckpoint_seconds = 0.5\n")
    return path


def test_the_text_says_what_becomes_of_grey_pixels_and_which_likelihood_it_is(capsys, tmp_path):
    assert main(["train", "digits", "--out", str(tmp_path / "run"), *SMALL]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Likelihood: bernoulli. Pixels 0 to 16 are binarised anew at every visit" in said
    assert "made the model worse" not in said


@pytest.mark.parametrize(
    "options", [["--learning-rate", "1e10"], ["--objective", "KL(q(z|x) || p(z)) - E_q(z|x)[log p(x|z)]"]]
)
def test_a_training_that_made_the_model_worse_says_so(capsys, tmp_path, options):
    assert main(["train", "digits", "--out", str(tmp_path / "run"), *SMALL, *options]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Training made the model worse" in said
    assert "the learning rate is too large" in said
