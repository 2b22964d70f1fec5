"""Pictures of data: mosaics of images as PNG."""

from typing import TYPE_CHECKING

from elbowroom.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MOST_IMAGES = 400
SMALLEST = 56  # pixels: smaller images are enlarged by a whole factor


def check_images(shape: tuple[int, ...], what: str) -> None:
    """Refuse to paint data that are no images.

    **Raises.** `InputError` if a datum is neither `(height, width)` nor `(height, width, 3)`.
    """
    from elbowroom.report.pictures import is_image

    if not is_image(shape):
        raise InputError(
            f"A picture of {what} needs data of shape (height, width) or (height, width, 3), and a datum of this run "
            f"has shape {shape}. Write .npz, .npy or .csv."
        )


def mosaic_png(rows: "np.ndarray", shape: tuple[int, ...], columns: int | None = None) -> bytes:
    """The first images of `rows`, at most 400, row by row in a square, or in `columns` columns."""
    import math

    from elbowroom.report.pictures import mosaic, png, rescaled

    images = rescaled(rows[:MOST_IMAGES], shape)
    factor = max(1, SMALLEST // max(shape))
    enlarged = images.repeat(factor, axis=1).repeat(factor, axis=2)
    across = math.ceil(math.sqrt(len(images))) if columns is None else columns
    return png(mosaic(enlarged, min(across, len(images))))
