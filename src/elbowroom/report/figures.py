"""The figures of a report: on the page, and as files of their own in the folder `figures/`."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from elbowroom.report.drawing import themed
from elbowroom.report.markup import Markup, element
from elbowroom.report.pictures import data_url, png


@dataclass(frozen=True)
class Figures:
    """Collects each figure under its file name while the page is put together."""

    files: dict[str, bytes] = field(default_factory=dict)

    def svg(self, name: str, chart: str, *, alt: str, caption: str) -> Markup:
        """A chart on the page, in the page's colours; `alt` is what it says to those who do not see it."""
        self.files[f"{name}.svg"] = f'<?xml version="1.0" encoding="utf-8"?>\n{chart}'.encode()
        picture = element("div", Markup(themed(chart)), role="img", aria_label=alt, class_="chart")
        return element("figure", picture, element("figcaption", caption))

    def mosaic(self, name: str, pixels: UInt8[np.ndarray, "height width 4"], *, alt: str, caption: str) -> Markup:
        """A mosaic of images on the page."""
        self.files[f"{name}.png"] = png(pixels)
        picture = element("img", src=data_url(self.files[f"{name}.png"]), alt=alt, class_="mosaic")
        return element("figure", picture, element("figcaption", caption))
