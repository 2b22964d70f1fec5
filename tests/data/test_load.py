"""From a source to a checked data set: every format, every way to fail."""

import gzip
import pickle
import zipfile

import numpy as np
import pytest

from data.files import images, write_idx, write_mnist_like
from elbowroom.data.dataset import SPLITS
from elbowroom.data.load import load_contents, load_dataset
from elbowroom.errors import InputError

REAL = np.random.Generator(np.random.Philox(0)).normal(size=(40, 6))


def rows_of(dataset) -> np.ndarray:
    return np.concatenate([dataset.split(name).rows for name in SPLITS])


def sorted_rows(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T[::-1])]


def test_digits_need_no_file():
    digits = load_dataset("digits")
    assert (digits.name, digits.source, digits.event_shape, digits.levels) == ("digits", "digits", (8, 8), 16)
    assert [len(digits.split(name)) for name in SPLITS] == [1257, 270, 270]
    assert digits.train.rows.dtype == np.uint8
    assert int(digits.train.rows.max()) == 16
    for name in SPLITS:
        part = digits.split(name)
        assert part.labels is not None
        assert np.bincount(part.labels, minlength=10).min() >= 15  # every class in every split
    assert load_dataset("digits").fingerprint == digits.fingerprint


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_an_idx_folder(ending, tmp_path):
    train, test = write_mnist_like(tmp_path / "small", ending)
    data = load_dataset(tmp_path / "small")
    assert (data.name, data.event_shape, data.levels, data.observed) == ("small", (4, 5), 255, 20)
    assert np.array_equal(data.train.rows, train[:25].reshape(25, -1))
    assert np.array_equal(data.validation.rows, train[25:].reshape(5, -1))  # the last sixth
    assert np.array_equal(data.test.rows, test.reshape(10, -1))
    assert data.validation.labels is not None
    assert data.validation.labels.tolist() == [5, 6, 7, 8, 9]
    assert load_dataset(data.source).fingerprint == data.fingerprint


def test_the_fingerprint_is_of_the_contents_not_of_the_file(tmp_path):
    write_mnist_like(tmp_path / "plain")
    write_mnist_like(tmp_path / "packed", ".gz")
    plain, packed = load_dataset(tmp_path / "plain"), load_dataset(tmp_path / "packed")
    assert plain.fingerprint == packed.fingerprint
    write_idx(tmp_path / "plain" / "train-images-idx3-ubyte", images(30, seed=9))
    assert load_dataset(tmp_path / "plain").fingerprint != packed.fingerprint


def test_an_idx_folder_without_test_files_is_split(tmp_path):
    write_idx(tmp_path / "train-images.idx3-ubyte", images(40))
    data = load_dataset(tmp_path)
    assert [len(data.split(name)) for name in SPLITS] == [28, 6, 6]
    assert data.train.labels is None
    assert np.array_equal(sorted_rows(rows_of(data)), sorted_rows(images(40).reshape(40, -1)))


def test_the_real_mnist(shared):
    folder = shared / "data" / "mnist"
    if not folder.is_dir():
        pytest.skip("the folder with external data holds no mnist")
    data = load_dataset(folder)
    assert [len(data.split(name)) for name in SPLITS] == [50_000, 10_000, 10_000]
    assert (data.event_shape, data.levels, data.observed) == ((28, 28), 255, 784)
    assert data.test.labels is not None
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(data.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_an_npy_file_of_real_numbers(tmp_path):
    np.save(tmp_path / "real.npy", REAL)
    data = load_dataset(str(tmp_path / "real.npy"))
    assert (data.name, data.event_shape, data.levels) == ("real", (6,), None)
    assert [len(data.split(name)) for name in SPLITS] == [28, 6, 6]
    assert data.train.rows.dtype == np.float32
    assert np.array_equal(sorted_rows(rows_of(data)), sorted_rows(REAL.astype(np.float32)))


LEVELS = {
    "uint8 images": (images(12), 255),
    "uint8 rows": (images(12).reshape(12, -1), None),
    "binary images": (images(12) // 128, 1),
    "binary rows": (images(12).reshape(12, -1) // 128, 1),
    "bits": (images(12) > 100, 1),
    "binary reals": ((images(12) > 100).astype(float), 1),
    "counts": (images(12).astype(np.int64) * 3, None),
    "reals": (REAL, None),
}


@pytest.mark.parametrize(("array", "levels"), LEVELS.values(), ids=LEVELS.keys())
def test_the_levels_of_pixels(array, levels, tmp_path):
    np.save(tmp_path / "x.npy", array)
    data = load_dataset(tmp_path / "x.npy")
    assert data.levels == levels
    assert data.event_shape == array.shape[1:]
    assert (data.train.rows.dtype == np.uint8) == (levels is not None or array.dtype == np.uint8)


@pytest.mark.parametrize("name", ["x", "data", "images", "anything"])
@pytest.mark.parametrize("labels", ["labels", "y"])
def test_an_npz_file_with_one_array_and_labels(name, labels, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **{name: images(20), labels: np.arange(20)})
    data = load_dataset(tmp_path / "a.npz")
    assert data.event_shape == (4, 5)
    for split in map(data.split, SPLITS):
        assert np.array_equal(split.rows[:, 0], split.labels)  # the first pixel of these images is their number


@pytest.mark.parametrize("valid", ["validation", "valid"])
@pytest.mark.parametrize("style", ["{}_labels", "{}_y", "y_{}", "labels_{}"])
def test_an_npz_file_with_parts(valid, style, tmp_path):
    parts = {"train": images(9), valid: images(4, 1), "test": images(5, 2)}
    labels = {style.format(name): np.arange(len(part)) for name, part in parts.items()}
    np.savez(tmp_path / "a.npz", **parts, **labels)
    data = load_dataset(tmp_path / "a.npz")
    for name, part in zip(SPLITS, parts.values(), strict=True):
        split = data.split(name)
        assert np.array_equal(split.rows, part.reshape(len(part), -1))
        assert split.labels is not None
        assert split.labels.tolist() == list(range(len(part)))


@pytest.mark.parametrize(
    ("given", "sizes"),
    [(("train",), (21, 4, 4)), (("train", "test"), (24, 5, 7)), (("train", "valid"), (25, 7, 4))],
)
def test_missing_parts_are_cut_from_the_training_data(given, sizes, tmp_path):
    parts = {name: images(29 if name == "train" else 7, seed) for seed, name in enumerate(given)}
    np.savez(tmp_path / "a.npz", **parts)
    data = load_dataset(tmp_path / "a.npz")
    assert tuple(len(data.split(name)) for name in SPLITS) == sizes
    everything = np.concatenate([part.reshape(len(part), -1) for part in parts.values()])
    assert np.array_equal(sorted_rows(rows_of(data)), sorted_rows(everything))


def test_contents_keep_the_order_of_the_source_and_one_row_is_enough(tmp_path):
    np.save(tmp_path / "one.npy", REAL[:1])
    assert len(load_contents(tmp_path / "one.npy").joined()) == 1
    train, test = write_mnist_like(tmp_path / "idx")
    joined = load_contents(tmp_path / "idx").joined()
    assert np.array_equal(joined.rows, np.concatenate([train, test]).reshape(40, -1))
    assert joined.labels is not None
    assert joined.labels.tolist() == [*range(10)] * 4


def wrong_labels_in_idx(folder):
    write_mnist_like(folder / "d")
    write_idx(folder / "d" / "train-labels-idx1-ubyte", np.zeros(29, np.uint8))


def cut_gzip_in_idx(folder):
    write_mnist_like(folder / "d", ".gz")
    path = folder / "d" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])


def labels_without_images(folder):
    write_mnist_like(folder / "d")
    (folder / "d" / "t10k-images-idx3-ubyte").unlink()


def run_folder(folder):
    (folder / "d").mkdir()
    (folder / "d" / "config.json").write_text("{}")
    (folder / "d" / "figures").mkdir()
    (folder / "d" / "figures" / "one.png").write_bytes(b"\x89PNG")


def cut(folder, name, keep=-50):
    path = folder / name
    path.write_bytes(path.read_bytes()[:keep])


def cut_npy(folder):
    np.save(folder / "d.npy", REAL)
    cut(folder, "d.npy")


def cut_npy_header(folder):
    np.save(folder / "d.npy", REAL)
    cut(folder, "d.npy", 40)


def cut_npz(folder):
    np.savez(folder / "d.npz", x=REAL)
    cut(folder, "d.npz")


def altered_npz(folder):
    np.savez(folder / "d.npz", x=REAL)
    contents = bytearray((folder / "d.npz").read_bytes())
    contents[len(contents) // 2] ^= 1
    (folder / "d.npz").write_bytes(bytes(contents))


def pickled_npy(folder):
    np.save(folder / "d.npy", np.array([[{}]], dtype=object), allow_pickle=True)


def pickled_npz(folder):
    np.savez(folder / "d.npz", x=np.array([[{}]], dtype=object), allow_pickle=True)


def bare_pickle(folder):
    (folder / "d.npy").write_bytes(pickle.dumps([1, 2]))


def zip_of_text(folder):
    with zipfile.ZipFile(folder / "d.npz", "w") as archive:
        archive.writestr("notes.txt", "hello")


def write(name, contents):
    return lambda folder: (folder / name).write_bytes(contents)


def npz(**arrays):
    return lambda folder: np.savez(folder / "d.npz", **arrays)


REFUSED = {
    "IDX labels do not match": (wrong_labels_in_idx, "d", ["train-labels-idx1-ubyte holds 29 labels", "30 rows"]),
    "IDX gz is cut": (cut_gzip_in_idx, "d", ["train-images-idx3-ubyte.gz", "cannot be decompressed", "fetch it again"]),
    "IDX labels without images": (labels_without_images, "d", ["t10k-labels-idx1-ubyte without their images"]),
    "an empty folder": (
        lambda folder: (folder / "d").mkdir(),
        "d",
        ["folder without IDX files and without pictures: it holds nothing"],
    ),
    "a run folder": (run_folder, "d", ["is a run folder, not data"]),
    "one IDX file": (
        write("train-images-idx3-ubyte.gz", gzip.compress(b"")),
        "train-images-idx3-ubyte.gz",
        ["Give the folder"],
    ),
    "csv": (write("d.csv", b"1,2"), "d.csv", ["d.csv holds 1 row"]),
    "parquet": (write("d.parquet", b""), "d.parquet", ["d.parquet"]),
    "h5ad": (
        write("d.h5ad", b""),
        "d.h5ad",
        [".h5ad files are not read yet", "digits (built in), a folder of IDX files"],
    ),
    "an unknown ending": (write("d.xyz", b""), "d.xyz", ["files that end in .xyz are not known"]),
    "no ending": (write("d", b""), "d", ["a file without an ending is not known"]),
    "text": (write("d.npy", b"these are words"), "d.npy", ["d.npy is not an array"]),
    "an empty file": (write("d.npy", b""), "d.npy", ["d.npy is empty"]),
    "an empty archive": (write("d.npz", b""), "d.npz", ["d.npz is empty"]),
    "npy cut": (cut_npy, "d.npy", ["d.npy is truncated or damaged"]),
    "npy cut in its header": (cut_npy_header, "d.npy", ["d.npy is truncated or damaged"]),
    "npz cut": (cut_npz, "d.npz", ["d.npz is truncated or damaged"]),
    "npz altered": (altered_npz, "d.npz", ["Array `x` of", "truncated or damaged"]),
    "npy of objects": (pickled_npy, "d.npy", ["pickled", "can run any code"]),
    "npz of objects": (pickled_npz, "d.npz", ["Array `x` of", "pickled", "can run any code"]),
    "a pickle": (bare_pickle, "d.npy", ["is a pickle under the name of an array"]),
    "npz without arrays": (zip_of_text, "d.npz", ["`notes.txt`, which is not a NumPy array"]),
    "two arrays": (npz(a=REAL, b=REAL), "d.npz", ["not clear which array", "`a` (40, 6)", "Name the data `x`"]),
    "only labels": (npz(labels=np.arange(3)), "d.npz", ["not clear which array"]),
    "labels twice": (npz(x=REAL, y=np.arange(40), labels=np.arange(40)), "d.npz", ["labels twice"]),
    "labels do not match": (npz(x=REAL, y=np.arange(39)), "d.npz", ["array `y` of", "39 labels", "40 rows"]),
    "stray labels": (npz(train=REAL, labels=np.arange(40)), "d.npz", ["belong to none of them", "`train_labels`"]),
    "valid twice": (npz(train=REAL, valid=REAL, validation=REAL), "d.npz", ["two names of the same part"]),
    "parts of different shape": (
        npz(train=REAL, test=REAL[:, :5]),
        "d.npz",
        ["`train` has shape (6,), one of `test` (5,)"],
    ),
    "too few rows": (npz(x=REAL[:2]), "d.npz", ["holds 2 rows: at least 3"]),
    "NaN": (
        npz(x=np.where(np.arange(240).reshape(40, 6) == 45, np.nan, REAL)),
        "d.npz",
        ["Array `x`", "1 NaN value", "row 7, column 3"],
    ),
}


@pytest.mark.parametrize(("make", "name", "parts"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused(make, name, parts, tmp_path):
    make(tmp_path)
    with pytest.raises(InputError) as caught:
        load_dataset(tmp_path / name)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


MISSING = {
    "digit": "Did you mean digits, the data set that is built in?",
    "minst": "The nearest name there is mnist.",
    "mnsit/x.npy": "the current folder has no mnsit. The nearest name there is mnist.",
    "mnist/image.npy": "mnist has no image.npy. The nearest name there is images.npy.",
    "zebra": "There is no file or folder zebra: the current folder has no zebra. What is read now:",
}


@pytest.mark.parametrize(("source", "text"), MISSING.items())
def test_a_missing_file_suggests_the_nearest_name(source, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "images.npy").touch()
    with pytest.raises(InputError) as caught:
        load_dataset(source)
    assert text in str(caught.value)


def test_an_unknown_split_is_refused():
    with pytest.raises(InputError, match="train, validation and test"):
        load_dataset("digits").split("valid")
