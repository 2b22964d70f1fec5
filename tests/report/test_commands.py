"""The commands on the page, read by the command line, give back the settings they were made from."""

import argparse
import shlex
from pathlib import Path

import pytest

from elbowroom.cli import certify, options
from elbowroom.report.commands import commands
from report.contents import certificate, config


@pytest.mark.parametrize("beta", [None, 4.0])
def test_the_commands_carry_every_setting(beta):
    settings = config()["settings"]
    settings["data"]["source"] = "a folder/with spaces"
    if beta is not None:
        settings["objective"] |= {"formula": "beta-elbo", "parameters": {"beta": beta}}
    train, certified, report = commands(Path("runs/my run"), settings, certificate())

    parser = argparse.ArgumentParser()
    options.add_training_options(parser)
    words = shlex.split(train)
    assert words[:2] == ["elbowroom", "train"]
    read = parser.parse_args(words[2:])
    assert (read.data, read.out) == ("a folder/with spaces", "runs/my run")
    assert (read.binarise, read.likelihood, read.latent, read.hidden) == ("dynamic", "bernoulli", 16, "200,200")
    assert (read.objective, read.beta) == (settings["objective"]["formula"], None)
    assert read.parameter == (None if beta is None else ["beta=4.0"])
    assert (read.samples, read.gradient) == (1, "pathwise")
    assert (read.epochs, read.batch, read.learning_rate, read.seed) == (40, 128, 0.001, 0)

    parser = argparse.ArgumentParser()
    certify.add_arguments(parser)
    words = shlex.split(certified)
    assert words[:2] == ["elbowroom", "certify"]
    read = parser.parse_args(words[2:])
    assert (read.run, read.split, read.n, read.level) == ("runs/my run", "test", 270, 0.95)
    assert shlex.split(report) == ["elbowroom", "report", "runs/my run"]
