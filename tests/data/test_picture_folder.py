"""Folders of pictures: grey and coloured, with and without classes and parts."""

import numpy as np
import pytest
from PIL import Image

from data.files import images
from elbowroom.data.load import load_contents, load_dataset
from elbowroom.errors import InputError

GREY = images(12)
COLOUR = images(6, seed=2, shape=(4, 5, 3))


def save(folder, arrays, ending: str = ".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for index, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{index:03d}{ending}")


def test_grey_pictures(tmp_path):
    save(tmp_path, GREY)
    found = load_contents(tmp_path)
    assert (found.event_shape, found.levels, found.joined().labels) == ((4, 5), 255, None)
    assert np.array_equal(found.joined().rows, GREY.reshape(12, -1))
    assert [len(load_dataset(tmp_path).split(name)) for name in ("train", "validation", "test")] == [8, 2, 2]


def test_coloured_pictures(tmp_path):
    save(tmp_path, COLOUR)
    found = load_contents(tmp_path)
    assert (found.event_shape, found.levels) == ((4, 5, 3), 255)
    assert np.array_equal(found.joined().rows, COLOUR.reshape(6, -1))


def test_one_coloured_picture_makes_all_coloured(tmp_path):
    save(tmp_path, [*COLOUR[:2], GREY[0]])
    rows = load_contents(tmp_path).joined().rows.reshape(3, 4, 5, 3)
    assert np.array_equal(rows[2], np.repeat(GREY[0][..., None], 3, axis=2))


def test_classes_are_folders(tmp_path):
    for name, part in (("cat", GREY[:4]), ("ape", GREY[4:])):
        save(tmp_path / name, part)
    found = load_contents(tmp_path).joined()
    assert found.labels is not None
    assert found.labels.tolist() == [0] * 8 + [1] * 4
    assert np.array_equal(found.rows[8:], GREY[:4].reshape(4, -1))


def test_parts_are_folders_of_classes(tmp_path):
    for part, name, chosen in (("train", "b", slice(6)), ("train", "a", slice(6, 8)), ("test", "b", slice(8, 12))):
        save(tmp_path / part / name, GREY[chosen])
    data = load_dataset(tmp_path)
    assert len(data.train) + len(data.validation) == 8
    assert np.array_equal(data.test.rows, GREY[8:].reshape(4, -1))
    assert data.test.labels is not None
    assert data.test.labels.tolist() == [1] * 4, "the number of a class is the same in every part"


def spoil(kind: str, folder) -> None:
    save(folder, GREY)
    first = folder / "000.png"
    if kind == "size":
        Image.fromarray(images(1, shape=(5, 5))[0]).save(first)
    elif kind == "cut":
        first.write_bytes(first.read_bytes()[:45])
    elif kind == "words":
        first.write_text("no picture")
    elif kind == "deep":
        Image.fromarray(np.full((4, 5), 1000, np.uint16)).save(first)
    elif kind == "transparent":
        Image.fromarray(np.full((4, 5, 4), 7, np.uint8)).save(first)
    elif kind == "both":
        save(folder / "more", GREY)
    elif kind == "no train":
        save(folder / "test", GREY)


SPOILED = {
    "size": "001.png is 5 by 4 pixels, and .*000.png 5 by 5",
    "cut": "000.png .*(is damaged|cannot be read)",
    "words": "000.png cannot be read as a picture",
    "deep": "000.png has pixels of the kind I;16",
    "transparent": "000.png is transparent",
    "both": "holds pictures itself .*and in the folder more",
    "no train": "has the parts test and no train",
}


@pytest.mark.parametrize(("kind", "said"), SPOILED.items())
def test_pictures_that_cannot_be_read(kind, said, tmp_path):
    spoil(kind, tmp_path / "folder")
    with pytest.raises(InputError, match=said):
        load_contents(tmp_path / "folder")
