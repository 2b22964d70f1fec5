"""Arrays on disk: safetensors files that know whether they are whole, and no pickle.

The header of a file holds a SHA-256 of every name, type, shape, number and note in it. A file cut short or altered
is refused by name; nothing in a file is ever executed.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from elbowroom.errors import InputError
from elbowroom.training.files import write_bytes

Tree = TypeVar("Tree")
_ENTRY = "elbowroom"


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> None:
    """Write named `arrays` and JSON-able `notes` to `path`, with a checksum over both, by temporary name and rename."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(dict(notes), sort_keys=True)
    header = {_ENTRY: json.dumps({"notes": text, "sha256": _checksum(whole, text)})}  # one entry: their order is random
    write_bytes(path, save(whole, metadata=header))


def load_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the notes of a file that `save_arrays` wrote.

    **Raises.** `InputError`, naming the file, if it is missing, cut short, altered, or of another origin.
    """
    try:
        contents = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"The file {path} does not exist.") from None
    except OSError as error:
        raise InputError(f"The file {path} cannot be read: {error.strerror}.") from None
    try:
        arrays = load(contents)
        length = int.from_bytes(contents[:8], "little")
        header = json.loads(json.loads(contents[8 : 8 + length])["__metadata__"][_ENTRY])
        text, expected = header["notes"], header["sha256"]
    except (SafetensorError, ValueError, KeyError, AttributeError, TypeError):
        raise _damaged(path, "it is cut short, or not a file that elbowroom wrote") from None
    if _checksum(arrays, text) != expected:
        raise _damaged(path, "its contents do not agree with the checksum it carries")
    return arrays, json.loads(text)


def named_leaves(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a tree by their path in it, such as `encoder.network.layers.0.weight`, as NumPy arrays.

    Random keys are given as the integers they hold. Leaves that are no arrays are left out.
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(eqx.filter(tree, eqx.is_array))
    return {_name(path): np.asarray(_as_numbers(leaf)) for path, leaf in leaves}


def filled(tree: Tree, arrays: Mapping[str, np.ndarray], path: Path) -> Tree:
    """`tree` with each of its arrays, or of the shapes that stand for them, replaced by the array of the same name.

    **Raises.** `InputError`, naming `path` and the array, if a name is missing or left over, or a shape or a type
    differs.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    expected = {_name(where) for where, leaf in leaves if has_shape(leaf)}
    if different := sorted(expected ^ set(arrays)):
        state = "misses" if different[0] in expected else "has one array too many,"
        raise InputError(f"The file {path} does not belong to this model: it {state} {different[0]!r}. {_REMEDY}")
    return jax.tree_util.tree_unflatten(
        structure, [_filled_leaf(_name(where), leaf, arrays, path) for where, leaf in leaves]
    )


def has_shape(leaf: object) -> bool:
    """Whether a leaf is an array, or a shape and a type that stand for one."""
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


_REMEDY = "Give the run folder it was saved in, with the config.json that was written beside it."


def _filled_leaf(name: str, leaf: Any, arrays: Mapping[str, np.ndarray], path: Path) -> Any:
    if not has_shape(leaf):
        return leaf
    stands_for_one = isinstance(leaf, jax.ShapeDtypeStruct)
    known, found = leaf if stands_for_one else _as_numbers(leaf), arrays[name]
    if known.shape != found.shape or known.dtype != found.dtype:
        raise InputError(
            f"The file {path} does not belong to this model: {name!r} is {found.dtype} of shape {found.shape}, and the "
            f"model has {known.dtype} of shape {known.shape}. {_REMEDY}"
        )
    if stands_for_one:
        return jnp.asarray(found)
    if not isinstance(leaf, jax.Array):
        return found
    return jr.wrap_key_data(jnp.asarray(found), impl=jr.key_impl(leaf)) if _is_key(leaf) else jnp.asarray(found)


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _as_numbers(leaf: Any) -> Any:
    return jr.key_data(leaf) if _is_key(leaf) else leaf


def _checksum(arrays: Mapping[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"The file {path} is damaged: {reason}. Restore it from a copy, or train again into another folder."
    )
