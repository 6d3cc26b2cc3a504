"""The three facts beside a map: right on constructed models, within the budget, told honestly."""

import dataclasses

import pytest
import torch
from torch import nn

from dlexplain.evaluation.badge import (
    GRADIENT,
    LEAST,
    MAPS,
    QUANTITIES,
    _more_than_chance,
    _quarter,
    badge,
    plan_of,
)
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics.top_removal import SHOWN
from dlexplain.explainers.base import methods_for
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.params import Value
from dlexplain.services.explaining import infos_for  # noqa: F401, registers methods
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    explained,
    picture,
    picture_input,
    small_net,
)


def asked(module: nn.Module, method: str, **params: Value) -> Case:
    """With a count of its own, so that what is counted is the badge's."""
    case = explained(picture_input(module, picture()), method, **params)
    return dataclasses.replace(case, given=picture_input(module, picture()), _parts={})


def facts(case: Case, evaluations: int = 1, **more: bool) -> dict[str, str]:
    return {fact.name: fact.verdict for fact in badge(case, evaluations, **more).facts}


def test_a_map_of_the_weights_depends_on_the_model_and_is_stable() -> None:
    found = facts(asked(small_net(), "saliency"))
    assert found["stable"] == "yes"
    assert found["depends"] == "yes"


def test_a_map_of_the_picture_alone_does_not_depend_on_the_model() -> None:
    """Whatever the weights are: an edge detector is no explanation (Adebayo et al. 2018)."""
    case = asked(small_net(), "saliency")
    edges = case.given.differentiable()[1][0].abs().sum(0)

    class Edges(type(case.method)):  # type: ignore[misc]
        def explain(self, given: PictureInput, request: object) -> object:
            found = super().explain(given, request)
            return dataclasses.replace(found, values=given.inputs[0].abs().sum(0)[None].numpy())

    same = dataclasses.replace(case, values=edges[None], method=Edges(), _parts={})
    assert facts(same)["depends"] == "no"


def test_the_right_map_of_a_linear_model_is_faithful_and_the_inverted_is_not() -> None:
    """What counts is a pattern of 14 pixels, which a blur takes away."""
    pattern = (-1.0) ** (torch.arange(SIDE)[:, None] + torch.arange(SIDE))
    weights = torch.zeros((3, SIDE, SIDE))
    weights[:, 2:4, 2:9] = 0.1 * pattern[2:4, 2:9]
    given = picture_input(LinearPictures(weights), (0.5 + 0.4 * pattern).expand(1, 3, -1, -1))
    right = badge(Case(given, weights.abs(), False), 1)
    assert [fact.verdict for fact in right.facts] == ["yes", "not measured", "not measured"]
    assert right.answers[0] > 0.75
    assert right.answers[1] == pytest.approx(0.5, abs=0.02)
    assert "a random tenth" in right.facts[0].told
    inverted = badge(Case(given, -weights.abs(), True), 1)
    assert inverted.facts[0].verdict != "yes"


@pytest.mark.parametrize(
    ("low", "high", "own", "verdict"),
    [
        (1.0, 3.0, 5.0, "yes"),
        (1.0, 3.0, 0.9, "unclear"),  # chance raised the answer, the map took hardly anything off
        (1.0, 3.0, -1.0, "unclear"),
        (-1.0, 3.0, 5.0, "unclear"),
        (-3.0, -1.0, 5.0, "no"),
    ],
)
def test_a_map_is_faithful_where_it_costs_something_by_itself(
    low: float, high: float, own: float, verdict: str
) -> None:
    found, why = _more_than_chance(low, high, own)
    assert found == verdict
    assert bool(why) == (low > 0 and verdict == "unclear")


def test_the_budget_of_a_map_of_one_pass_is_64_forward_passes() -> None:
    case = asked(small_net(), "saliency")
    plan = plan_of(case, 1)
    assert plan.repeats >= 2
    spent = (MAPS + len(SHOWN) + 1) + 2 * plan.repeats * GRADIENT
    assert spent <= LEAST
    assert badge(case, 1).evaluations <= LEAST


def test_no_steps_are_added_to_a_quarter_of_them() -> None:
    case = asked(small_net(), "integrated-gradients")
    plan = plan_of(case, 80)
    assert plan.request is not None
    assert plan.request.params.tolerance == 0
    assert badge(case, 80).evaluations <= 80


@pytest.mark.parametrize("evaluations", [50, 400])
def test_a_map_of_many_samples_is_asked_again_with_a_quarter(evaluations: int) -> None:
    case = asked(small_net(), "integrated-gradients", steps=48, tolerance=0)
    plan = plan_of(case, evaluations)
    assert plan.thrifty
    assert plan.request is not None
    assert plan.request.params.steps == 12
    found = badge(case, evaluations)
    assert "a quarter of the samples" in found.facts[1].told
    assert "too few for an interval" in found.facts[1].told


def test_a_quarter_of_what_is_chosen_from_a_list_is_one_of_the_list() -> None:
    case = asked(small_net(), "sobol", designs="64", grid=4)
    plan = plan_of(case, 64 * 18)
    assert plan.thrifty
    assert plan.request is not None
    assert plan.request.params.designs == "16"
    least = asked(small_net(), "sobol", designs="8", grid=4)
    assert plan_of(least, 8 * 18).request.params.designs == "8"  # type: ignore[union-attr]


@pytest.mark.parametrize("modality", ["picture", "text", "series", "next-token", "translation"])
def test_every_method_has_a_quarter_of_its_usual_question(modality: str) -> None:
    for method in methods_for(modality).values():
        known = method.specs(modality)
        for key in [key for key in QUANTITIES if key in known]:
            fewer = _quarter(known[key], int(known[key].default))
            method.request(modality, {key: fewer})


def test_what_would_take_too_long_waits_until_it_is_asked_for() -> None:
    case = asked(small_net(), "occlusion", window=3, stride=1)
    assert plan_of(case, 144).repeats == 0
    found = facts(case, 144)
    assert (found["stable"], found["depends"]) == ("not measured", "not measured")
    everything = facts(case, 144, unlimited=True)
    assert "not measured" not in everything.values()


def test_a_method_that_is_not_known_is_judged_by_what_it_marks() -> None:
    case = dataclasses.replace(asked(small_net(), "saliency"), method=None, request=None, _parts={})
    assert facts(case)["stable"] == "not measured"
