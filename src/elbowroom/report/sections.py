"""The sections of a report between the verdict and the settings, each a function from contents to markup."""

import numpy as np

from elbowroom.report.charts import gap_per_datum, kl_per_dimension, latent_map, training_curves
from elbowroom.report.contents import Contents
from elbowroom.report.figures import Figures
from elbowroom.report.markup import Markup, element, table
from elbowroom.report.numbers import nats
from elbowroom.report.pictures import data_url, mosaic, png, rescaled

MOST_COLUMNS = 30


def training(contents: Contents, figures: Figures) -> Markup:
    """The training curves."""
    title = element("h2", "Training")
    curves = contents.curves
    if curves is None:
        return element("section", title, _absent("No epoch was finished, so there is nothing to draw."), id="training")
    best = int(np.argmax(curves.validation))
    text = (
        f"{len(curves.epochs)} epochs; the weights kept are those of epoch {int(curves.epochs[best])}, the best on the "
        f"validation data, with an ELBO of {nats(float(curves.validation[best]))} nats per datum."
    )
    chart = figures.svg(
        "training",
        training_curves(curves.epochs, curves.train, curves.validation, curves.train_name),
        alt=f"Two curves against the epoch: {curves.train_name}, which ends at {nats(float(curves.train[-1]))} nats, "
        f"and the ELBO on validation data, which ends at {nats(float(curves.validation[-1]))} nats.",
        caption="Higher is better. The training curve is the mean over the batches of an epoch, while the weights "
        "still change; where the first epochs lie far below, the frame leaves them out.",
    )
    return element("section", title, element("p", text), chart, id="training")


def samples(contents: Contents, figures: Figures) -> Markup:
    """Draws from the model."""
    title, pictures = element("h2", "Samples from the prior"), contents.pictures
    if pictures is None:
        return element("section", title, *_columns(contents), id="samples")
    count = len(pictures.prior_means)
    means = figures.mosaic(
        "samples",
        mosaic(rescaled(pictures.prior_means, pictures.shape), 12),
        alt=f"{count} images that the model makes up",
        caption=f"The mean of p(x|z) at {count} draws z ~ p(z).",
    )
    draws = figures.mosaic(
        "samples-drawn",
        mosaic(rescaled(pictures.prior_draws, pictures.shape), 12),
        alt=f"{count} images drawn from the model",
        caption="x ~ p(x|z) at the same z: what the model says data look like, noise included.",
    )
    text = element("p", "What the decoder makes of latents that no encoder has touched.")
    return element("section", title, text, element("div", means, draws, class_="two"), id="samples")


def reconstructions(contents: Contents, figures: Figures) -> Markup:
    """Originals beside what comes back."""
    title, pictures = element("h2", "Reconstructions"), contents.pictures
    if pictures is None:
        reason = (
            f"The data are rows of numbers of shape {contents.shape_text}, not images: there are no pictures to show."
        )
        return element("section", title, _absent(reason), id="reconstructions")
    rows = [pictures.originals, *([] if pictures.seen is None else [pictures.seen]), pictures.reconstructions]
    stacked = [rescaled(row, pictures.shape) for row in rows]
    figures.files["reconstructions.png"] = png(mosaic(np.concatenate(stacked), len(pictures.originals)))
    names = [
        "the original",
        *([] if pictures.seen is None else ["the binarised x that the encoder saw"]),
        "the mean of p(x|z)",
    ]
    text = f"From top to bottom: {', '.join(names)} at the mean z of q(z|x), for data of the split {contents.split}."
    pairs = (
        element(
            "div",
            *(_tile(images[index], f"{name}, number {index + 1}") for images, name in zip(stacked, names, strict=True)),
        )
        for index in range(len(pictures.originals))
    )
    return element("section", title, element("p", text), element("div", *pairs, class_="pairs"), id="reconstructions")


def latent_space(contents: Contents, figures: Figures) -> Markup:
    """Encoder means in two dimensions."""
    title, latents = element("h2", "Latent space"), contents.latents
    if latents is None:
        return element(
            "section",
            title,
            _absent("The latent has one dimension: there is no second direction to draw."),
            id="latent",
        )
    labels = "" if latents.labels is None else ", coloured and numbered by label"
    circles = " Dashed circles: one and two standard deviations of the prior." if latents.standard_prior else ""
    chart = figures.svg(
        "latent",
        latent_map(latents.points, latents.shares, latents.labels, latents.standard_prior),
        alt=f"A scatter of {len(latents.points)} encoder means in two principal directions{labels}.",
        caption=f"The mean of q(z|x) of {len(latents.points)} data of the split {contents.split}, in the first two "
        f"principal directions of these means{labels}.{circles}",
    )
    return element("section", title, chart, id="latent")


def gaps(contents: Contents, figures: Figures) -> Markup:
    """The gap of every certified datum."""
    title, found = element("h2", "The gap, datum by datum"), contents.per_datum
    if found is None:
        return element("section", title, _absent("Without a certificate there is nothing to show here."), id="gaps")
    gap, amortisation = found["gap"], found["amortisation_gap"]
    worst = np.argsort(gap)[::-1][:5]
    named = ", ".join(f"{int(found['datum'][i])} ({nats(float(gap[i]))})" for i in worst)
    chart = figures.svg(
        "gap",
        gap_per_datum(amortisation, gap, float(gap.mean())),
        alt=f"The gap of {gap.size} data, from {nats(float(gap.max()))} down to {nats(float(gap.min()))} nats, and the "
        "part that amortisation makes.",
        caption="Point estimates for each datum, without the guarantees of the certificate, which are about means. The "
        "blue dots show how much of the gap a better encoder of the same family could close (amortisation); what is "
        "left is the family's own (approximation). A value below zero is the noise of its estimate.",
    )
    text = f"The largest gaps are at the rows {named} of the split {contents.split}: look there first."
    return element("section", title, element("p", text), chart, id="gaps")


def dimensions(contents: Contents, figures: Figures) -> Markup:
    """The KL of each latent dimension."""
    title, certificate = element("h2", "What each latent dimension carries"), contents.certificate
    if certificate is None or not certificate.get("kl_per_dimension"):
        return element("section", title, _absent("This is measured by `elbowroom certify`."), id="dimensions")
    kl = [float(value) for value in certificate["kl_per_dimension"]]
    active = certificate["active_units"]
    text = (
        f"{active} of {len(kl)} dimensions are active: the variance over data of E_q[z|x] is above 0.01 there. A "
        "dimension that is not active has no gap either, so a small gap with few active dimensions is no praise."
    )
    chart = figures.svg(
        "kl",
        kl_per_dimension(kl),
        alt=f"Bars of the KL of {len(kl)} latent dimensions, from {nats(max(kl))} down to {nats(min(kl))} nats.",
        caption="The mean over data of KL(q(z_i|x) || p(z_i)), in nats.",
    )
    return element("section", title, element("p", text), chart, id="dimensions")


def _columns(contents: Contents) -> tuple[Markup, ...]:
    note = _absent(
        f"The data are rows of numbers of shape {contents.shape_text}, not images: there are no pictures to show."
    )
    columns = contents.columns
    if columns is None:
        return (note,)
    rows = [
        (str(index), *(nats(float(value), 3) for value in (*columns.data[:, index], *columns.model[:, index])))
        for index in range(min(columns.data.shape[1], MOST_COLUMNS))
    ]
    head = ("column", "data: mean", "data: standard deviation", "model: mean", "model: standard deviation")
    more = columns.data.shape[1] - len(rows)
    rest = f", the first {MOST_COLUMNS} of {columns.data.shape[1]}" if more else ""
    return note, table(f"Columns of the data, and of draws from the model{rest}", head, rows)


def _tile(image: np.ndarray, alt: str) -> Markup:
    return element("img", src=data_url(png(mosaic(image[None], 1))), alt=alt)


def _absent(text: str) -> Markup:
    return element("p", text, class_="absent")
