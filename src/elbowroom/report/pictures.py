"""Pictures as PNG: single images and mosaics of many, pixel for pixel."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.image import imsave


def is_image(shape: Sequence[int]) -> bool:
    """Whether a datum of this shape is a picture: `(height, width)`, or `(height, width, 3)` in red, green and blue."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)


def mosaic(
    images: Float[np.ndarray, "image height width *colour"], columns: int
) -> UInt8[np.ndarray, "rows columns 4"]:
    """Images with values from 0 (black) to 1 (white), row by row, with one transparent pixel between neighbours."""
    count, height, width = images.shape[:3]
    rows = -(-count // columns)
    canvas = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, 4), np.uint8)
    pixels = np.round(255 * np.clip(images, 0.0, 1.0)).astype(np.uint8).reshape(count, height, width, -1)
    for index in range(count):
        top, left = (index // columns) * (height + 1), (index % columns) * (width + 1)
        canvas[top : top + height, left : left + width, :3] = pixels[index]
        canvas[top : top + height, left : left + width, 3] = 255
    return canvas


def png(pixels: UInt8[np.ndarray, "height width 4"]) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png", metadata={"Software": "elbowroom"})
    return buffer.getvalue()


def data_url(contents: bytes) -> str:
    """A PNG file as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(contents).decode()


def rescaled(
    rows: Float[np.ndarray, "image observed"], shape: Sequence[int]
) -> Float[np.ndarray, "image height width *colour"]:
    """Rows of pixels as images whose values run from 0 to 1, by one common linear scale where they leave that range."""
    images = np.asarray(rows, float).reshape(-1, *shape)
    if not images.size or (images.min() >= 0.0 and images.max() <= 1.0):
        return images
    low, high = np.quantile(images, 0.001), np.quantile(images, 0.999)
    return (images - low) / max(high - low, 1e-12)
