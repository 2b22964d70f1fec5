"""The page: one HTML file that needs nothing else."""

from importlib.resources import files
from string import Template

from elbowroom.report.certificate_table import certificate_section
from elbowroom.report.contents import Contents
from elbowroom.report.figures import Figures
from elbowroom.report.headline import headline
from elbowroom.report.markup import Markup, element, escape, join
from elbowroom.report.sections import dimensions, gaps, latent_space, reconstructions, samples, training
from elbowroom.report.settings_table import reproduction_section, settings_section

PLACES = {
    "verdict": "Verdict",
    "training": "Training",
    "samples": "Samples",
    "reconstructions": "Reconstructions",
    "latent": "Latent space",
    "gaps": "Gaps",
    "dimensions": "Dimensions",
    "certificate": "Certificate",
    "settings": "Settings",
    "again": "Make it again",
}


def page(contents: Contents, figures: Figures) -> str:
    """The whole page as text; the figures on it are left in `figures`."""
    sections = join(
        headline(contents, figures),
        training(contents, figures),
        samples(contents, figures),
        reconstructions(contents, figures),
        latent_space(contents, figures),
        gaps(contents, figures),
        dimensions(contents, figures),
        certificate_section(contents),
        settings_section(contents),
        reproduction_section(contents),
    )
    return Template(_resource("page.html")).substitute(
        title=escape(f"{contents.title} · elbowroom"),
        style=_resource("page.css"),
        header=_header(contents),
        sections=sections,
        footer=_footer(contents),
    )


def _header(contents: Contents) -> Markup:
    links = (element("li", element("a", name, href=f"#{place}")) for place, name in PLACES.items())
    return element(
        "header",
        element("p", "elbowroom: the room between the ELBO and the evidence", class_="eyebrow"),
        element("h1", contents.title),
        element("p", contents.lead, class_="lead"),
        element("nav", element("ul", *links), aria_label="Sections"),
    )


def _footer(contents: Contents) -> Markup:
    version = contents.config["versions"].get("elbowroom", "")
    text = (
        f"Trained with elbowroom {version}. Everything is in nats and per datum: log p(x) = ELBO(x) + KL(q(z|x) || "
        "p(z|x)), and the last term is the gap. This page needs no network; its figures are also in the folder "
        "figures/ beside it."
    )
    return element("footer", element("p", text))


def _resource(name: str) -> str:
    return files("elbowroom.report").joinpath(name).read_text(encoding="utf-8")
