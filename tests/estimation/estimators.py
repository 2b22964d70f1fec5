"""The registry of gradient estimators: what is added here is held to the conformance suite of `test_gradient`."""

from elbowroom.estimation.doubly_reparameterised import DoublyReparameterised
from elbowroom.estimation.gradient import AbstractGradient
from elbowroom.estimation.pathwise import Pathwise
from elbowroom.estimation.score_function import ScoreFunction
from elbowroom.estimation.sticking_the_landing import StickingTheLanding

ESTIMATORS: dict[str, AbstractGradient] = {
    "pathwise": Pathwise(),
    "sticking-the-landing": StickingTheLanding(),
    "doubly-reparameterised": DoublyReparameterised(),
    "score-function": ScoreFunction(),
}
