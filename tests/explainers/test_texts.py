"""Methods of texts: identities and hand-computed values, on a small network made here."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers import methods  # noqa: F401, registers
from dlexplain.explainers.attention import attention, relevance, rollout
from dlexplain.explainers.base import methods_for
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.inputs.text import TextInput, numbers_of_tokens, numbers_of_words
from dlexplain.explainers.prepare import fingerprint
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.text_model import PreparedText
from dlexplain.explainers.turning import turn_by_removal, turn_by_replacement
from dlexplain.networks.base import ARCHITECTURES, TextShape
from dlexplain.networks.modules.text_shapes import Attends
from dlexplain.params import parse
from dlexplain.results import TextAttribution

PAD, BLANK, CLS = 0, 1, 2
WORDS = {"bad": 3, "good": 4, "film": 5, "great": 6, "a": 7}
WEIGHTS = {3: -2.0, 4: 1.5, 5: 0.25, 6: 2.5, 7: 0.0}


class SumOfWords(nn.Module):
    """logits (0, Σ_t w[x_t]): every method knows the answer."""

    marks = 0

    def __init__(self) -> None:
        super().__init__()
        table = torch.zeros(8, 2)
        table[:, 1] = 1.0
        for word, weight in WEIGHTS.items():
            table[word, 0] = weight
        self.table = nn.Embedding.from_pretrained(table, freeze=False)

    def embed(self, x: Tensor) -> Tensor:
        return self.table(x)

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        score = (vectors[..., 0] * mask).sum(1)
        return torch.stack([torch.zeros_like(score), score], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != PAD)


def twin_of(network: nn.Module) -> PreparedText:
    return PreparedText(
        network.eval().requires_grad_(False), torch.device("cpu"), fingerprint(network), PAD, BLANK,
        isinstance(network, Attends), "mean",
    )  # fmt: skip


def run_on(network: nn.Module, ids: list[int], words: list[int], target: int = 1) -> TextInput:
    tokens = tuple(str(token) for token in ids)
    return TextInput(
        twin_of(network), Target(target), Progress(), BatchSizes(),
        torch.tensor([ids]), torch.tensor(words), tokens,
    )  # fmt: skip


SENTENCE = [CLS, 7, 6, 3, 5]
OF_WORDS = [-1, 0, 1, 2, 3]


TEXT_METHODS = methods_for("text")


def values_of(method: str, run: TextInput, **params: Any) -> TextAttribution:
    explainer = TEXT_METHODS[method]
    return TextAttribution(**vars(explainer.explain(run, explainer.request("text", params))))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("input-x-gradient", {}),
        ("integrated-gradients", {"baseline": "zero"}),
        ("integrated-gradients", {"baseline": "padding"}),
        ("gradient-shap", {"samples": 5000}),
        ("leave-one-out", {"removed": "blank"}),
        ("leave-one-out", {"removed": "drop"}),
        ("shap-partition", {}),
        ("lime", {"alpha": 0.0}),
    ],
)
def test_of_a_sum_each_word_gets_its_own_weight(method: str, params: dict[str, Any]) -> None:
    found = values_of(method, run_on(SumOfWords(), SENTENCE, OF_WORDS), **params)
    expected = np.array([0.0, 0.0, 2.5, -2.0, 0.25])
    if method == "gradient-shap":  # a baseline keeps a quarter of the words, which then count 0
        expected = expected * 0.75
        np.testing.assert_allclose(found.values, expected, atol=0.7)
    else:
        np.testing.assert_allclose(found.values, expected, atol=1e-4)
    if found.completeness_error is not None and method != "gradient-shap":
        assert found.completeness_error < 1e-4


@pytest.mark.parametrize(
    "method", ["integrated-gradients", "gradient-shap", "shap-partition", "lime"]
)
def test_half_the_digits_give_nearly_the_same_values(method: str) -> None:
    """Of a network whose products would be computed in bf16."""
    torch.manual_seed(0)
    shape = TextShape(vocabulary=8, classes=2, longest=8)
    architecture = ARCHITECTURES["text-cnn"]
    network = architecture.build(shape, parse(architecture.Params, {"features": 8}))
    params = {"alpha": 0.0} if method == "lime" else {}
    whole = values_of(method, run_on(network, SENTENCE, OF_WORDS), **params)
    half = values_of(method, run_on(network, SENTENCE, OF_WORDS), precision="bf16", **params)
    assert not np.array_equal(whole.values, half.values), "it computed in bf16"
    np.testing.assert_allclose(half.values, whole.values, atol=0.05 * np.abs(whole.values).max())


def test_expected_gradients_of_a_sum_are_the_mean_of_the_baselines() -> None:
    run = run_on(SumOfWords(), SENTENCE, OF_WORDS)
    run.options = {"baseline": "blank", "baselines": 16}
    evaluator, vectors = run.differentiable()
    background = run.background(evaluator, vectors, 0, torch.Generator().manual_seed(0))
    found = values_of("gradient-shap", run, samples=160)
    expected = (run.model.embed(run.ids) - background)[..., 0].mean(0)
    np.testing.assert_allclose(found.values, expected.numpy(), atol=1e-5)
    assert found.completeness_error < 1e-5


def test_shap_finds_the_interaction_of_two_words() -> None:
    class Both(SumOfWords):
        def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
            score = vectors[:, 0, 0] * vectors[:, 1, 0]
            return torch.stack([torch.zeros_like(score), score], dim=1)

    found = values_of("shap-partition", run_on(Both(), [6, 4], [0, 1]))
    # Alone neither counts; together 2.5 * 1.5, which Shapley shares out evenly.
    np.testing.assert_allclose(found.values, [1.875, 1.875], atol=1e-5)


def small(name: str, **params: Any) -> nn.Module:
    torch.manual_seed(0)
    sizes: dict[str, dict[str, Any]] = {
        "text-cnn": {"embedding": 8, "features": 6, "widths": "1, 2"},
        "lstm-attention": {"embedding": 8, "hidden": 8},
        "text-transformer": {"width": 8, "heads": 2, "feed_forward": 16},
    }
    found = ARCHITECTURES[name]
    shape = TextShape(vocabulary=8, classes=3, longest=12)
    return found.build(shape, parse(found.Params, {**sizes[name], **params}))


@pytest.mark.parametrize("name", ["text-cnn", "lstm-attention", "text-transformer"])
@pytest.mark.parametrize("method", list(TEXT_METHODS))
def test_what_promises_completeness_keeps_it(name: str, method: str) -> None:
    run = run_on(small(name), [7, 6, 3, 5, 4, 5], [0, 1, 2, 3, 3, 4], target=2)
    explainer = TEXT_METHODS[method]
    if not explainer.is_compatible(run.model):
        assert method in ("deeplift", "attention-rollout", "gradient-attention", "attn-lrp")
        return
    found = values_of(method, run)
    assert found.values.shape == (6,)
    assert np.isfinite(found.values).all()
    if explainer.complete and method != "gradient-shap":
        assert found.completeness_error < 0.01


def test_deeplift_is_only_for_what_its_rule_holds_on() -> None:
    deeplift = TEXT_METHODS["deeplift"]
    assert deeplift.is_compatible(twin_of(small("text-cnn")))
    assert not deeplift.is_compatible(twin_of(small("lstm-attention")))
    assert not deeplift.is_compatible(twin_of(small("text-transformer")))


@pytest.mark.parametrize("way", ["blank", "drop"])
def test_leave_one_out_equals_asking_again(way: str) -> None:
    network = small("lstm-attention")
    ids = [7, 6, 3, 5]
    run = run_on(network, ids, [0, 1, 2, 3], target=0)
    found = values_of("leave-one-out", run, removed=way, unit="tokens")
    whole = float(network(run.ids)[0, 0])
    for place in range(4):
        other = [BLANK if i == place else t for i, t in enumerate(ids)]
        other = other if way == "blank" else ids[:place] + ids[place + 1 :]
        direct = whole - float(network(torch.tensor([other]))[0, 0])
        assert found.values[place] == pytest.approx(direct, abs=1e-5)


def test_leave_one_out_leaves_out_whole_words_by_default() -> None:
    network = small("lstm-attention")
    run = run_on(network, [CLS, 7, 6, 3, 5], [-1, 0, 1, 1, 2], target=0)
    found = values_of("leave-one-out", run)
    whole = float(network(run.ids)[0, 0])
    direct = whole - float(network(torch.tensor([[CLS, 7, 5]]))[0, 0])
    assert found.values[2] == found.values[3] == pytest.approx(direct / 2, abs=1e-5)
    assert found.values[0] == 0
    assert found.evaluations == 4  # the text, and without each of three words


def test_where_the_values_lead_from_and_to_is_told() -> None:
    found = values_of("shap-partition", run_on(SumOfWords(), SENTENCE, OF_WORDS))
    assert found.baseline_score == pytest.approx(0, abs=1e-5)
    assert found.way == "from +0.00 without its words to +0.75 logits"
    assert values_of("lime", run_on(SumOfWords(), SENTENCE, OF_WORDS)).way == ""


def test_pieces_of_a_word_go_together_and_marks_stay() -> None:
    run = run_on(SumOfWords(), [CLS, 6, 3, 5], [-1, 4, 4, 9])
    assert numbers_of_words(run.words).tolist() == [-1, 0, 0, 1]
    assert numbers_of_tokens(run.words).tolist() == [-1, 0, 1, 2]
    on = torch.tensor([[False, True], [True, False], [False, False]])
    assert run.without(on, numbers_of_words(run.words), "blank").tolist() == [
        [CLS, BLANK, BLANK, 5], [CLS, 6, 3, BLANK], [CLS, BLANK, BLANK, BLANK],
    ]  # fmt: skip
    assert run.without(on, numbers_of_words(run.words), "drop").tolist() == [
        [CLS, 5, PAD, PAD], [CLS, 6, 3, PAD], [CLS, PAD, PAD, PAD],
    ]  # fmt: skip


def test_a_text_of_no_words_left_is_one_blank() -> None:
    run = run_on(SumOfWords(), [6, 3], [0, 1])
    dropped = run.without(torch.tensor([[False, False]]), numbers_of_words(run.words), "drop")
    assert dropped.tolist() == [[BLANK, PAD]]


def test_rollout_of_two_layers_by_hand() -> None:
    first = torch.tensor([[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]]])
    second = torch.tensor([[[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    # heads' means: [[1, 0], [.5, .5]] and [[.5, .5], [.5, .5]]; halved with the identity
    a1 = np.array([[1.0, 0.0], [0.25, 0.75]])
    a2 = np.array([[0.75, 0.25], [0.25, 0.75]])
    found = rollout([first, second]).numpy()
    np.testing.assert_allclose(found, a2 @ a1, atol=1e-6)
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-6)


def test_relevance_of_two_layers_by_hand() -> None:
    a = torch.tensor([[[0.5, 0.5], [0.2, 0.8]]])
    g = torch.tensor([[[2.0, -1.0], [1.0, 0.5]]])
    part = np.array([[1.0, 0.0], [0.2, 0.4]])  # negative products count 0
    own = np.eye(2)
    expected = (own + part) @ (own + part) - own
    np.testing.assert_allclose(relevance([a, a], [g, g]).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["lstm-attention", "text-transformer"])
def test_attention_rows_sum_to_one_and_are_the_models_own(name: str) -> None:
    network: Any = small(name)
    prepared = twin_of(network)
    ids = torch.tensor([[7, 6, 3, 5]])
    found = attention(prepared, ids)
    for layer in found:
        torch.testing.assert_close(layer.sum(-1), torch.ones(layer.shape[:2]))
    own = network.attention(ids)
    if name == "text-transformer":
        for layer, expected in zip(found, own, strict=True):
            torch.testing.assert_close(layer, expected[0])
    else:
        torch.testing.assert_close(found[0][0], own)


def test_the_fewest_words_are_found() -> None:
    # great 2.5 + good 1.5 - bad 2: positive by 2; without great it is negative.
    found = turn_by_removal(run_on(SumOfWords(), [6, 4, 3, 7], [0, 1, 2, 3]), "drop", 100)
    assert (found.words, found.smallest) == ((0,), True)
    # great 2.5 + good 1.5 + good 1.5 - bad 2: two have to go.
    found = turn_by_removal(run_on(SumOfWords(), [6, 4, 4, 3], [0, 1, 2, 3]), "blank", 100)
    assert (set(found.words) > {0}, len(found.words), found.smallest) == (True, 2, True)


def test_nothing_is_found_where_no_set_turns_it_or_the_budget_is_spent() -> None:
    lonely = run_on(SumOfWords(), [6, 4], [0, 1])
    assert turn_by_removal(lonely, "drop", 100).words == ()
    run = run_on(SumOfWords(), [6, 4, 4, 3], [0, 1, 2, 3])
    assert turn_by_removal(run, "drop", 4).words == ()


def test_a_replacement_that_turns_the_class_is_found() -> None:
    run = run_on(SumOfWords(), [7, 4, 5], [0, 1, 2])
    found = turn_by_replacement(run, torch.tensor([3, 5, 7]), 100)
    assert (found.words, found.new, found.smallest) == ((1,), (3,), True)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("lime", {"removed": "undecided", "seed": 7}),
        ("smoothgrad", {"over": "integrated-gradients", "samples": 2, "seed": 7}),
        ("shap-partition", {"removed": "undecided"}),
    ],
)
def test_the_params_that_are_told_are_those_that_were_asked(
    method: str, params: dict[str, Any]
) -> None:
    """So that they can be asked again: none of another method's, none overwritten."""
    found = values_of(method, run_on(small("text-cnn"), SENTENCE, OF_WORDS), **params)
    assert set(found.params) == set(TEXT_METHODS[method].specs("text"))
    assert {key: found.params[key] for key in params} == params


def test_smoothgrad_averages_a_method_as_it_is_usual_on_texts() -> None:
    """Without noise: 20 steps of Integrated Gradients, as texts have them, and not 50."""
    params = {"over": "integrated-gradients", "samples": 1, "noise": 0.0}
    found = values_of("smoothgrad", run_on(small("lstm-attention"), SENTENCE, OF_WORDS), **params)
    plain = values_of(
        "integrated-gradients", run_on(small("lstm-attention"), SENTENCE, OF_WORDS), tolerance=0
    )
    np.testing.assert_allclose(found.values, plain.values, atol=1e-6)
    assert found.evaluations == plain.params["steps"] == 20
    assert found.unit == plain.unit == "logits"
