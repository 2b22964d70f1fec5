"""Documents as papers write them: true links hold, planted errors are found, and nothing is taken on trust."""

import pathlib

import pytest

from elbowroom.derivation.document import check_document

TWICE = r"""
# The ELBO, twice

For any $q_\phi(z|x)$ we have

$$
\begin{aligned}
\log p_\theta(x) &= \mathbb{E}_{q_\phi(z|x)}\left[\log p_\theta(x)\right] \\
&= \mathbb{E}_{q_\phi(z|x)}\left[\log \frac{p_\theta(x,z)}{p_\theta(z|x)}\right] \\
&= \mathbb{E}_{q_\phi(z|x)}\left[\log \frac{p_\theta(x,z)}{q_\phi(z|x)}\right]
 + \mathbb{E}_{q_\phi(z|x)}\left[\log \frac{q_\phi(z|x)}{p_\theta(z|x)}\right] \\
&= \mathcal{L}(x) + D_{KL}(q_\phi(z|x) \| p_\theta(z|x))
\end{aligned}
$$

where $\mathcal{L}(x)$ is the evidence lower bound. Since the divergence is not negative,

$$\mathcal{L}(x) \leq \log p_\theta(x).$$

It can be written as

$$
\mathcal{L}(x) = \mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)] - D_{KL}(q_\phi(z|x) \| p(z)),
$$

and, wrongly,

$$
\mathcal{L}(x) = \mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)] + D_{KL}(q_\phi(z|x) \| p(z)).
$$

With a weight $\beta$,

$$
\mathcal{L}_\beta(x) = \mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)] - \beta D_{KL}(q_\phi(z|x) \| p(z)) .
$$

Averaged over the data $p_d(x)$ the divergence splits as

$$
\mathbb{E}_{q(x)}\left[D_{KL}(q(z|x) \| p(z))\right] = I_q(x;z) + D_{KL}(q(z) \| p(z)).
$$

The importance weighted bound follows from Jensen's inequality,

$$
\mathbb{E}_{q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right]
\leq \log \mathbb{E}_{q(z|x)}\left[\frac{p(x,z)}{q(z|x)}\right] = \log p(x).
$$
"""

RATES = r"""
\begin{align}
H(x,z) &= -\int\!\!\int p(x,z) \log p(x,z)\, dx\, dz \\
 &= H(z) + \mathbb{E}_{p(z)}[H(p(x|z))] \\
 &\le H(x) + H(z)
\end{align}
Rate and distortion:
\begin{equation}
R = \mathrm{KL}(q(z|x) \,\|\, m(z)), \qquad D = -\mathbb{E}_{q(z|x)}[\log p(x|z)]
\end{equation}
\begin{equation}
-\mathrm{ELBO} = D + R
\end{equation}
\begin{equation}
\int q(z|x) \log \frac{q(z|x)}{p(z|x)} dz = \log p(x) - \int q(z|x) \log \frac{p(x,z)}{q(z|x)} dz
\end{equation}
\begin{equation}
\mathrm{KL}(q(z)\|p(z)) = \mathrm{KL}(p(z)\|q(z))
\end{equation}
"""


def verdicts(path: pathlib.Path, text: str) -> dict[int, list[str]]:
    path.write_text(text, encoding="utf-8")
    found: dict[int, list[str]] = {}
    for link in check_document(str(path)).links:
        found.setdefault(link.line, []).append(link.verdict)
    return found


def line_of(text: str, part: str) -> int:
    return 1 + text[: text.index(part)].count("\n")


@pytest.mark.parametrize(
    ("name", "text", "wrong", "links"),
    [
        ("twice.md", TWICE, [r"+ D_{KL}(q_\phi(z|x) \| p(z))."], 11),
        ("rates.tex", RATES, [r"\mathrm{KL}(q(z)\|p(z)) = \mathrm{KL}(p(z)\|q(z))"], 8),
    ],
)
def test_true_links_hold_and_the_planted_error_is_found(name, text, wrong, links, tmp_path):
    found = verdicts(tmp_path / name, text)
    assert sum(map(len, found.values())) == links
    failing = sorted(line for line, each in found.items() if "fails" in each)
    assert failing == sorted(line_of(text, part) for part in wrong)
    assert all(verdict == "holds" for line, each in found.items() for verdict in each if line not in failing)


SLIPS = [
    (
        r"\left[\log \frac{p_\theta(x,z)}{p_\theta(z|x)}\right]",
        r"\left[\log \frac{p_\theta(x,z)}{p_\theta(x|z)}\right]",
    ),
    (r"\mathcal{L}(x) \leq \log p_\theta(x)", r"\mathcal{L}(x) \geq \log p_\theta(x)"),
    (r"I_q(x;z) + D_{KL}(q(z) \| p(z))", r"I_q(x;z) - D_{KL}(q(z) \| p(z))"),
    (r"\leq \log \mathbb{E}_{q(z|x)}", r"\geq \log \mathbb{E}_{q(z|x)}"),
]


@pytest.mark.parametrize(("right", "slip"), SLIPS)
def test_any_slip_is_found_in_its_line(right, slip, tmp_path):
    assert right in TWICE
    text = TWICE.replace(right, slip, 1)
    found = verdicts(tmp_path / "slip.md", text)
    where = line_of(text, slip)
    assert any("fails" in found.get(line, []) for line in (where, where + 1)), found
