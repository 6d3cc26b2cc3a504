"""LRP against zennit, closed forms and hand-computed values."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.errors import Incompatible
from dlexplain.explainers.batching import Target
from dlexplain.explainers.methods.lrp import LRP, LRPParams
from dlexplain.explainers.propagation import Plan
from dlexplain.explainers.relevance import (
    LayerRule,
    epsilon_rule,
    gamma_rule,
    z_plus_rule,
)
from dlexplain.explainers.relevances import Relevances
from dlexplain.services.forecast.explain import explain_series
from tests import zennit_rules as zennit
from tests.explainers.test_operations import NOT_EXACT, RELUS, plain, separate, twice
from tests.explainers.test_texts import OF_WORDS, SENTENCE, SumOfWords, run_on, small, values_of
from tests.forecasters import WINDOW, linear, series, weights
from tests.tiny import RANGE, conv_net, explain, linear_net, picture, prepared


def plan(rule: LayerRule, weighs: bool = True) -> Plan:
    return Plan(rule, rule, 0.0, weighs)


ZERO = partial(epsilon_rule, epsilon=0.0)


def relevance(module: Any, x: Tensor, rule: LayerRule = ZERO, weighs: bool = True) -> Tensor:
    """Of the sum of what the module gives."""
    leaf = x.clone().requires_grad_()
    Relevances(module, plan(rule, weighs))(leaf).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def like_vgg(pool: type[nn.Module] = nn.MaxPool2d, norm: bool = False) -> nn.Sequential:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8) if norm else nn.Identity(), nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), pool(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), pool(2),
        nn.Flatten(), nn.Linear(16 * 49, 20), nn.ReLU(), nn.Linear(20, 4),
    ).eval()  # fmt: skip
    if norm:
        net[1].running_mean.uniform_(-0.5, 0.5)
        net[1].running_var.uniform_(0.5, 2.0)
        nn.init.uniform_(net[1].weight, -1.0, 1.0)
        nn.init.uniform_(net[1].bias, -0.5, 0.5)
    return net


LOW, HIGH = (torch.full((1, 3, 32, 32), level) for level in RANGE)
COMPOSITES: dict[str, tuple[dict[str, Any], Callable[[], Any]]] = {
    "epsilon-plus": ({}, zennit.composites.EpsilonPlus),
    "epsilon-plus of a large epsilon": (
        {"rule": "epsilon-plus", "epsilon": 0.25},
        lambda: zennit.composites.EpsilonPlus(epsilon=0.25),
    ),
    "epsilon-gamma-box": (
        {"rule": "epsilon-gamma-box"},
        lambda: zennit.composites.EpsilonGammaBox(LOW, HIGH),
    ),
    "epsilon": (
        {"rule": "epsilon", "epsilon": 0.01},
        lambda: zennit.alike(zennit.rules.Epsilon(0.01)),
    ),
    "gamma": ({"rule": "gamma", "gamma": 0.5}, lambda: zennit.alike(zennit.rules.Gamma(0.5))),
    "z-plus": ({"rule": "z-plus"}, lambda: zennit.alike(zennit.rules.ZPlus())),
}
NETS: dict[str, Callable[[], nn.Sequential]] = {
    "maxima": like_vgg,
    "means": lambda: like_vgg(nn.AvgPool2d),
    "a BatchNorm": lambda: like_vgg(norm=True),
    "ReLU6": conv_net,
}


def assert_same(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    """To a share of the largest value; which is not 0."""
    largest = float(np.abs(np.asarray(expected)).max())
    assert largest > 0
    np.testing.assert_allclose(
        np.asarray(found), np.asarray(expected), rtol=0, atol=tolerance * largest
    )


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("composite", COMPOSITES)
def test_it_equals_zennits(composite: str, net: str) -> None:
    params, made = COMPOSITES[composite]
    for target in (0, 1):
        found = explain(NETS[net](), "lrp", target=target, **params)
        expected = zennit.relevance(NETS[net]().eval(), made(), picture(), target)
        assert_same(found.values, expected)


@pytest.mark.parametrize("rule", ["epsilon-plus", "epsilon-gamma-box"])
def test_of_a_module_that_is_wrapped_relevance_is_that_of_what_it_reads(rule: str) -> None:
    """A mean that is taken off before is no bias, as zennit is given the standardised picture."""
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    model = dx.wrap(like_vgg(), "abcd", (3, 32, 32), mean=mean, std=std)
    shift, spread = (torch.tensor(v).view(1, 3, 1, 1) for v in (mean, std))
    pixels = (picture() + 1) / 2
    composite = (
        zennit.composites.EpsilonPlus()
        if rule == "epsilon-plus"
        else zennit.composites.EpsilonGammaBox(
            (-shift / spread).expand(1, 3, 32, 32), ((1 - shift) / spread).expand(1, 3, 32, 32)
        )
    )
    expected = zennit.relevance(like_vgg(), composite, (pixels - shift) / spread, 2)
    assert_same(explain(model.prepared, "lrp", pixels, 2, rule=rule).values, expected)


X = torch.tensor([[2.0, -1.0, 0.0]])
W = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 1.0, 5.0]])
B = torch.tensor([1.0, -1.0])
"""y = (1, -4)."""


def dense(x: Tensor) -> Tensor:
    return F.linear(x, W, B)


def test_the_rules_by_hand() -> None:
    # epsilon: parts (2, -2) of 1 + 0.5, and (-2, -1) of -4 - 0.5, for a relevance of 1 and -4
    found = relevance(dense, X, partial(epsilon_rule, epsilon=0.5))
    one, two = 1 / 1.5, -4 / -4.5
    np.testing.assert_allclose(found, [[2 * one - 2 * two, -2 * one - two, 0]], rtol=1e-5)
    # z-plus: of the first 2 of 2 + 1, of the second none is positive
    found = relevance(dense, X, z_plus_rule)
    np.testing.assert_allclose(found, [[2 / 3, 0, 0]], rtol=1e-5, atol=1e-9)
    # gamma 1: the first's positive parts and bias twice, 4 - 2 + 2 = 4, for 1; the second's
    # negative ones, -4 - 2 - 2 = -8, for -4
    found = relevance(dense, X, partial(gamma_rule, gamma=1.0))
    np.testing.assert_allclose(found, [[1 - 2, -0.5 - 1, 0]], rtol=1e-5)


class Box(nn.Module):
    """Of two pixels; `scale` and `shift` come before the first layer."""

    def __init__(self, scale: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift
        self.weight = nn.Parameter(torch.tensor([[3.0, -2.0]]) / scale)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear((self.scale * x + self.shift).flatten(1), self.weight)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (4.0, -2.0), (-2.0, 1.0)])
def test_the_box_rule_by_hand_whatever_scales_the_pixels(scale: float, shift: float) -> None:
    """(x - l) w⁺ R / z and (x - h) w⁻ R / z; a black pixel has relevance too."""
    x = torch.tensor([0.5, 0.0]).view(1, 1, 1, 2).requires_grad_()
    net = Box(scale, shift).requires_grad_(False)
    Relevances(net, plan(ZERO), box=(0.0, 1.0))(x).sum().backward()
    score = float(net(x.detach()))
    parts = np.array([0.5 * 3, (0 - 1) * -2])  # for pixels from 0 to 1
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.flatten(), parts / parts.sum() * score, rtol=1e-5)


def test_the_box_rule_is_refused_where_it_does_not_hold() -> None:
    class Squares(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = linear_net()

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.net(x**2)
            return found

    class NoLayer(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean((2, 3))

    with pytest.raises(Incompatible, match="reads the pixels, at most scaled"):
        explain(Squares(), "lrp", rule="epsilon-gamma-box")
    with pytest.raises(Incompatible, match="the model has none"):
        explain(NoLayer(), "lrp", rule="epsilon-gamma-box")
    with pytest.raises(Incompatible, match="for a text epsilon, gamma, z-plus are accepted"):
        values_of("lrp", run_on(small("text-cnn"), SENTENCE, OF_WORDS), rule="epsilon-gamma-box")


@pytest.mark.parametrize("rule", ["epsilon", "epsilon-plus", "epsilon-gamma-box"])
@pytest.mark.parametrize("relu", RELUS)
def test_a_relu_counts_however_it_is_called(relu: str, rule: str) -> None:
    found, expected = (explain(net, "lrp", rule=rule) for net in (twice(RELUS[relu]), separate()))
    assert_same(found.values, expected.values)


class Shared(nn.Module):
    """A convolution and a ReLU that run twice, and what comes in is added to what goes out."""

    def __init__(self, again: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 3)
        self.one = nn.Conv2d(8, 8, 3, padding=1)
        self.two = self.one
        if again:
            self.two = nn.Conv2d(8, 8, 3, padding=1)
            self.two.load_state_dict(self.one.state_dict())
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.first(x))
        x = x + self.relu(self.two(self.relu(self.one(x))))
        found: Tensor = self.head(x.mean((2, 3)))
        return found


def test_a_module_that_is_used_twice_is_two_layers() -> None:
    for rule in ("epsilon", "epsilon-plus", "gamma"):
        once, two = (explain(Shared(again), "lrp", rule=rule) for again in (False, True))
        assert_same(once.values, two.values)


def test_a_residual_connection_shares_relevance_by_what_each_way_adds() -> None:
    weight = torch.tensor([[1.0, -3.0], [0.5, 1.0]])
    x = torch.tensor([[2.0, 1.0]])
    # y = x + relu(W x): (2, 1) and relu (-1, 2), so the second value is 1 + (1 + 1)
    found = relevance(lambda x: x + F.relu(F.linear(x, weight)), x)
    np.testing.assert_allclose(found, [[2 + 1, 1 + 1]], rtol=1e-5)


class Normed(nn.Module):
    """What preparing cannot read, so that the BatchNorm stays, or what it can."""

    def __init__(self, opaque: bool) -> None:
        super().__init__()
        self.net, self.opaque = conv_net(nn.ReLU), opaque

    def forward(self, x: Tensor) -> Tensor:
        if self.opaque and float(x.detach().sum()) > 1e9:
            return x
        found: Tensor = self.net(x)
        return found


@pytest.mark.parametrize("rule", ["epsilon", "epsilon-plus", "epsilon-gamma-box", "z-plus"])
def test_a_batch_norm_is_part_of_the_layer_before_it(rule: str) -> None:
    stays, folded = (prepared(Normed(opaque)) for opaque in (True, False))
    assert (stays.folded, folded.folded) == (False, True)
    expected = explain(folded, "lrp", rule=rule).values
    assert_same(explain(stays, "lrp", rule=rule).values, expected)


def test_a_batch_norm_by_itself_is_a_linear_map_whose_bias_takes_its_part() -> None:
    norm = nn.BatchNorm1d(2).eval().requires_grad_(False)
    norm.running_mean.copy_(torch.tensor([1.0, -1.0]))
    norm.running_var.fill_(4.0 - norm.eps)
    x = torch.tensor([[3.0, 5.0]])  # y = (x - mean) / 2
    np.testing.assert_allclose(relevance(norm, x), [[1.5, 2.5]], rtol=1e-5)


def no_bias(activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), activation(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, bias=False), activation(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(32, 8, bias=False), activation(), nn.Linear(8, 3, bias=False),
    )  # fmt: skip


@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU, nn.Tanh, nn.SiLU, nn.Hardswish])
@pytest.mark.parametrize(
    ("rule", "epsilon"), [("epsilon", 0.0), ("gamma", 0.0), ("z-plus", 0.0), ("epsilon-plus", 0.0)]
)
def test_without_biases_relevance_sums_to_the_score(
    rule: str, epsilon: float, activation: type[nn.Module]
) -> None:
    model = prepared(no_bias(activation))
    score = float(model.logits(picture())[0, 2])
    found = explain(model, "lrp", target=2, rule=rule, epsilon=epsilon)
    tolerance = 1e-3 if rule in ("epsilon", "gamma") or activation is nn.ReLU else 0.05
    assert float(found.values.sum()) == pytest.approx(score, rel=tolerance)
    assert found.note == ""


def test_what_biases_take_is_said() -> None:
    net = linear_net()
    with torch.no_grad():
        net[1].bias.fill_(100.0)
    found = explain(net, "lrp", rule="epsilon")
    total = float(found.values.sum())
    score = float(prepared(net).logits(picture())[0, 1])
    assert score - total == pytest.approx(100, rel=1e-3)
    assert f"The relevance sums to {total:+.3g}, the score is {score:+.3g}: biases" in found.note


def test_a_contrast_is_the_difference_of_two_scores_relevance() -> None:
    model = prepared(like_vgg())
    one, other = (explain(model, "lrp", target=k, rule="epsilon").values for k in (0, 3))
    assert_same(explain(model, "lrp", target=Target(0, 3), rule="epsilon").values, one - other)


def test_of_a_linear_model_it_is_weights_times_inputs() -> None:
    net = linear_net()
    found = explain(net, "lrp", rule="epsilon", epsilon=0.0)
    expected = picture()[0] * net[1].weight[1].detach().view(3, 32, 32)
    assert_same(found.values, expected)


def test_each_word_of_a_sum_gets_its_own_weight() -> None:
    found = values_of("lrp", run_on(SumOfWords(), SENTENCE, OF_WORDS))
    np.testing.assert_allclose(found.values, [0, 0, 2.5, -2, 0.25], atol=1e-6)
    assert found.params["rule"] == "epsilon"


def test_a_linear_forecasters_relevance_is_weights_times_inputs() -> None:
    model, given = linear(), series()
    found = explain_series(model, given, "lrp", "b", 2, "1980-06")
    x = given.data.inputs[125 + 1 - WINDOW : 125 + 1]
    np.testing.assert_allclose(found.values, 3.0 * weights(model)[1, 0] * x, atol=1e-4)


def gate(x: Tensor) -> Tensor:
    return F.linear(x, torch.tensor([[0.3, 0.7], [-0.4, 0.2]]))


GATED: dict[str, Callable[[Tensor], Tensor]] = {
    "a sigmoid": lambda x: x * gate(x).sigmoid(),
    "one less a sigmoid": lambda x: (1 - gate(x).sigmoid()) * x,
    "a view of a sigmoid": lambda x: gate(x)[:, :1].sigmoid().expand(-1, 2) * x,
    "GLU": lambda x: F.glu(torch.cat([x, gate(x)], 1)),
    "GELU": F.gelu,
    "GELU by erf": lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5)),
    "GELU by tanh": lambda x: (
        0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))
    ),
    "SiLU": F.silu,
}


@pytest.mark.parametrize("weighs", [True, False])
@pytest.mark.parametrize("what", GATED)
def test_what_a_gate_weighs_takes_all_the_relevance(what: str, weighs: bool) -> None:
    x = torch.tensor([[0.8, -0.5]])
    found = relevance(GATED[what], x, weighs=weighs)
    np.testing.assert_allclose(found, GATED[what](x), rtol=1e-5)


def test_a_product_is_shared_evenly() -> None:
    x = torch.tensor([[3.0, 2.0]])
    found = relevance(lambda x: x[:, :1] * x[:, 1:], x)
    np.testing.assert_allclose(found, [[3.0, 3.0]])
    found = relevance(lambda x: torch.einsum("bi,bj->bij", x[:, :1], x[:, 1:]), x)
    np.testing.assert_allclose(found, [[3.0, 3.0]])


RECURRENT: dict[str, Callable[[], nn.RNNBase]] = {
    "LSTM": lambda: nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True),
    "GRU": lambda: nn.GRU(3, 4, 2, batch_first=True, bidirectional=True),
    "RNN": lambda: nn.RNN(3, 4, 2, batch_first=True),
    "RNN of ReLUs": lambda: nn.RNN(3, 4, nonlinearity="relu", batch_first=True),
    "time first": lambda: nn.GRU(3, 4),
}


class LastState(nn.Module):
    def __init__(self, layer: nn.Module, packed: bool) -> None:
        super().__init__()
        self.layer, self.packed = layer, packed
        self.seen = torch.zeros(0)

    def forward(self, x: Tensor) -> Tensor:
        if not self.packed:
            states, _ = self.layer(x)
        else:
            lengths = torch.full((x.shape[0],), x.shape[1])
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            states, _ = self.layer(packed)
            states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
        self.seen = states.detach()
        return states.sum((1, 2))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_layers_give_their_states_and_keep_relevance(kind: str, packed: bool) -> None:
    if packed and kind == "time first":
        return
    torch.manual_seed(0)
    net = LastState(RECURRENT[kind](), packed).eval().requires_grad_(False)
    x = torch.randn(2, 5, 3)
    net(x)
    expected = net.seen
    relevance(net, x)
    torch.testing.assert_close(net.seen, expected, atol=1e-6, rtol=1e-5)
    for name, weight in net.named_parameters():
        if "bias" in name:
            weight.zero_()
    found = relevance(net, x)
    torch.testing.assert_close(found.sum(), net(x).sum(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_cells_keep_relevance(cell: Any) -> None:
    torch.manual_seed(0)
    made = cell(3, 4, bias=False).requires_grad_(False)

    def last(x: Tensor) -> Tensor:
        state: Any = None
        for row in x.unbind(1):
            state = made(row, state)
        return state[0] if isinstance(state, tuple) else state

    x = torch.randn(2, 3, 3)
    found = relevance(last, x)
    torch.testing.assert_close(found.sum((1, 2)), last(x).sum(1), rtol=1e-3, atol=1e-5)


def test_what_there_is_no_recurrent_rule_for_is_refused() -> None:
    projected = nn.LSTM(3, 4, proj_size=2, batch_first=True).requires_grad_(False)
    with pytest.raises(Incompatible, match="states are projected"):
        relevance(LastState(projected, False), torch.randn(1, 4, 3))


REFUSED: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "an exponential": (lambda x: x.exp(), "no rule for exp, which the model computes"),
    "its own gradient": (NOT_EXACT["its own gradient"][0], "no rule for clamp"),
    "compiled": (NOT_EXACT["compiled"][0], "no rule for relu"),
    "a product in place": (lambda x: x.clone().mul_(x), "no rule for a product of two values"),
    "cut off": (lambda x: x.detach(), "needs gradients, and the model gives none"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_where_an_operation_has_no_rule(what: str) -> None:
    function, why = REFUSED[what]
    with pytest.raises(Incompatible, match=why):
        explain(twice(function, plain), "lrp")


def test_rules_hold_in_their_own_thread_and_no_longer_than_the_run() -> None:
    x = torch.tensor([[1.0, -2.0]])
    seen: list[Tensor] = []

    def other() -> None:
        leaf = x.clone().requires_grad_()
        F.silu(leaf).sum().backward()
        assert leaf.grad is not None
        seen.append(leaf.grad)

    def waits(x: Tensor) -> Tensor:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return F.silu(x)

    def fails(x: Tensor) -> Tensor:
        raise ValueError("no")

    relevance(waits, x)
    with pytest.raises(ValueError, match="no"):
        relevance(fails, x)
    other()
    assert torch.equal(seen[0], seen[1])
    expected = torch.autograd.functional.jacobian(lambda x: F.silu(x).sum(), x)
    torch.testing.assert_close(seen[0], expected)


def test_the_model_stays_as_it_is() -> None:
    model = prepared(twice(nn.ReLU(inplace=True)))
    before = {key: value.clone() for key, value in model.module.state_dict().items()}
    logits = model.logits(picture())
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    for rule in ("epsilon", "epsilon-gamma-box"):
        explain(model, "lrp", rule=rule)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(before[key], v) for key, v in model.module.state_dict().items())
    torch.testing.assert_close(model.logits(picture()), logits, rtol=0, atol=0)
    assert not any(m._forward_hooks or m._backward_hooks for m in model.module.modules())


def test_its_scores_are_the_models_own() -> None:
    """Rules change the way back, not the numbers."""
    model = prepared(like_vgg(norm=True))
    for rule in ("epsilon-plus", "gamma", "epsilon-gamma-box"):
        ruled = Relevances(model.module, LRP().plan(LRPParams(rule)))
        with torch.enable_grad():
            found = ruled(picture().requires_grad_()).detach()
        torch.testing.assert_close(found, model.logits(picture()), rtol=1e-4, atol=1e-5)
