"""What the page is made of, where the files behind it are damaged."""

import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.report.certificate_file import ARRAYS
from elbowroom.report.gather import _per_datum


@pytest.mark.parametrize("kept", [0, 7, 300])
def test_damaged_arrays_of_a_certificate_are_an_error_that_names_the_file(tmp_path, kept):
    path = tmp_path / ARRAYS
    np.savez(path, gap=np.linspace(0.0, 1.0, 100))
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    with pytest.raises(InputError, match=f"{ARRAYS} is damaged"):
        _per_datum(tmp_path)
    path.write_bytes(b"garbage")
    with pytest.raises(InputError, match="elbowroom certify"):
        _per_datum(tmp_path)


def test_a_run_without_them_has_none(tmp_path):
    assert _per_datum(tmp_path) is None
