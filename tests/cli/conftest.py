"""A run that is made once and read by many tests."""

import pytest

from cli.runs import train_small


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A finished run on digits, to be read only: copy it before changing it."""
    return train_small(tmp_path_factory.mktemp("finished") / "digits")
