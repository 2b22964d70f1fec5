"""Files of arrays: what is written is read, and what was altered is refused by name."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.training.checkpoint import filled, load_arrays, named_leaves, save_arrays


def _tree(seed: int):
    return {
        "layer": eqx.nn.Linear(3, 2, key=jr.key(seed), dtype=jnp.float32),
        "key": jr.key(seed),
        "count": jnp.asarray(seed, jnp.int32),
        "empty": jnp.zeros((0, 2), jnp.float32),
        "name": "a string is no array",
    }


def test_a_tree_comes_back_bit_for_bit(tmp_path):
    save_arrays(tmp_path / "a.safetensors", named_leaves(_tree(1)), {"epoch": 3, "value": 0.1})
    arrays, notes = load_arrays(tmp_path / "a.safetensors")
    assert notes == {"epoch": 3, "value": 0.1}
    again = filled(_tree(2), arrays, tmp_path / "a.safetensors")
    assert set(arrays) == {"layer.weight", "layer.bias", "key", "count", "empty"}
    for name, array in named_leaves(_tree(1)).items():
        np.testing.assert_array_equal(named_leaves(again)[name], array, strict=True)
    assert again["name"] == "a string is no array"
    assert again["key"].dtype == jr.key(0).dtype


def test_a_truncated_file_is_refused_wherever_it_is_cut(tmp_path):
    path = tmp_path / "a.safetensors"
    save_arrays(path, named_leaves(_tree(1)), {})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is damaged: it is cut short"):
            load_arrays(path)


def test_any_altered_byte_is_noticed(tmp_path):
    path = tmp_path / "a.safetensors"
    save_arrays(path, named_leaves(_tree(1)), {"epoch": 3})
    whole = path.read_bytes()
    for place in range(len(whole)):
        altered = bytearray(whole)
        altered[place] ^= 1
        path.write_bytes(bytes(altered))
        with pytest.raises(InputError, match="is damaged"):
            load_arrays(path)


def test_a_missing_file_and_a_file_of_another_kind_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_arrays(tmp_path / "a.safetensors")
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(InputError, match="is damaged"):
        load_arrays(tmp_path / "a.npy")


def test_arrays_of_another_model_are_refused_by_name(tmp_path):
    path = tmp_path / "a.safetensors"
    arrays = named_leaves(_tree(1))
    with pytest.raises(InputError, match="misses 'count'"):
        filled(_tree(1), {name: array for name, array in arrays.items() if name != "count"}, path)
    with pytest.raises(InputError, match="one array too many, 'other'"):
        filled(_tree(1), {**arrays, "other": np.zeros(1)}, path)
    with pytest.raises(
        InputError, match=r"'layer.bias' is float32 of shape \(3,\), and the model has float32 of shape \(2,\)"
    ):
        filled(_tree(1), {**arrays, "layer.bias": np.zeros(3, np.float32)}, path)
    with pytest.raises(InputError, match="'count' is float32"):
        filled(_tree(1), {**arrays, "count": np.zeros((), np.float32)}, path)
