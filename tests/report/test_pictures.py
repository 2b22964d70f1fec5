"""Pictures keep their pixels, charts their colours."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from elbowroom.report.charts import gap_per_datum, kl_per_dimension, latent_map, training_curves
from elbowroom.report.drawing import VARIABLES, themed
from elbowroom.report.pictures import is_image, mosaic, png, rescaled


def test_a_mosaic_puts_images_row_by_row_with_a_transparent_gap():
    images = np.linspace(0, 1, 3 * 2 * 2).reshape(3, 2, 2)
    pixels = mosaic(images, columns=2)
    assert pixels.shape == (5, 5, 4)
    assert (pixels[:2, :2, 0] == np.round(255 * images[0])).all()
    assert (pixels[:2, 3:, 0] == np.round(255 * images[1])).all()
    assert (pixels[3:, :2, 0] == np.round(255 * images[2])).all()
    assert (pixels[2, :, 3] == 0).all()
    assert (pixels[3:, 3:, 3] == 0).all()


def test_a_png_holds_the_pixels_it_was_given():
    pixels = mosaic(np.linspace(0, 1, 12).reshape(3, 2, 2), columns=2)
    assert (np.round(255 * imread(io.BytesIO(png(pixels)), format="png")).astype(int) == pixels).all()


def test_values_between_0_and_1_are_shown_as_they_are_and_others_on_one_scale():
    assert (rescaled(np.full((2, 4), 0.25), (2, 2)) == 0.25).all()
    wide = rescaled(np.linspace(-3, 5, 400).reshape(100, 4), (2, 2))
    assert wide.shape == (100, 2, 2)
    assert np.quantile(wide, [0.01, 0.5, 0.99]) == pytest.approx([0.01, 0.5, 0.99], abs=0.01)


CHARTS = {
    "training": lambda: training_curves(np.arange(1.0, 9), np.arange(8.0), np.arange(8.0) - 1, "ELBO"),
    "one epoch": lambda: training_curves(np.ones(1), np.ones(1), np.ones(1), "ELBO"),
    "constant": lambda: training_curves(np.arange(3.0), np.ones(3), np.ones(3), "ELBO"),
    "kl": lambda: kl_per_dimension([0.1, 2.0, 0.0]),
    "one dimension": lambda: kl_per_dimension([0.1]),
    "latent": lambda: latent_map(np.random.RandomState(0).normal(size=(30, 2)), (0.5, 0.2), np.arange(30) % 3, True),
    "many labels": lambda: latent_map(np.eye(40, 2), (0.5, 0.2), np.arange(40), False),
    "no labels": lambda: latent_map(np.eye(40, 2), (0.5, 0.2), None, False),
    "gap": lambda: gap_per_datum(np.array([0.1, 0.4, -0.01]), np.array([0.2, 0.5, 0.0]), 0.23),
    "one gap": lambda: gap_per_datum(np.array([0.1]), np.array([0.2]), 0.2),
}


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS.keys())
def test_a_chart_is_the_same_each_time_and_follows_the_page(make):
    chart = make()
    assert chart == make()
    assert chart.startswith("<svg")
    on_page = themed(chart)
    assert "var(--" in on_page
    for colour in VARIABLES:
        assert colour not in on_page
    assert 'width="' not in on_page[: on_page.index(">")]
    assert "viewBox" in on_page[: on_page.index(">")]


def test_labels_are_drawn_as_text_beside_their_colour():
    chart = latent_map(np.eye(40, 2), (0.5, 0.2), np.repeat([3, 7], 20), False)
    assert ">3</text>" in chart
    assert ">7</text>" in chart


def test_coloured_images_keep_their_colours():
    images = np.zeros((2, 1, 1, 3))
    images[0, 0, 0], images[1, 0, 0] = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    assert mosaic(images, 2)[0].tolist() == [[255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 255, 255]]
    assert [is_image(shape) for shape in ((4, 5), (4, 5, 3), (4, 5, 2), (4,))] == [True, True, False, False]
