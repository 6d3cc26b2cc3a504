"""Learning texts from a teacher: the joint loss by hand, hidden states, tokens of its own."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlexplain.data.base import Augmentation, ModuleOptions
from dlexplain.data.corpora import line_words, make_corpus
from dlexplain.data.modules.base import module_of
from dlexplain.data.texts import Texts, make_texts
from dlexplain.errors import BadInput
from dlexplain.networks.base import ARCHITECTURES, LanguageShape, TextShape
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.classify_text import Params as TextParams
from dlexplain.tasks.language_model import Params as LanguageParams
from dlexplain.tasks.modules.classify_text import ClassifyText
from dlexplain.tasks.modules.distilling import HasTeacher, distillation_loss
from dlexplain.tasks.modules.language_model import LanguageModelling
from dlexplain.tasks.modules.teaching import (
    Answer,
    LastState,
    state_distance,
    state_width,
    taught_loss,
)


def test_the_loss_is_a_share_of_each_and_the_weighted_distance_of_the_states() -> None:
    how = parse(TextParams, {"teacher_share": 0.7, "hidden": "mse", "hidden_weight": 0.5})
    said, taught, hot = np.array([1.0, -1.0]), np.array([0.0, 2.0]), 2.0
    p, q = (np.exp(row / hot) / np.exp(row / hot).sum() for row in (taught, said))
    divergence = float((p * np.log(p / q)).sum())
    states = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]])  # mean squared: 4 / 2
    loss, numbers = taught_loss(
        how, hot, torch.tensor(3.0),
        Answer(torch.tensor(said)[None].float(), states[0]),
        Answer(torch.tensor(taught)[None].float(), states[1]),
    )  # fmt: skip
    expected = 0.7 * hot**2 * divergence + 0.3 * 3.0 + 0.5 * 2.0
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(numbers["hidden_distance"]) == pytest.approx(2.0)
    assert float(numbers["label_loss"]) == 3.0


@pytest.mark.parametrize(
    ("one", "other", "cosine", "mse"),
    [([1.0, 0.0], [0.0, 1.0], 1.0, 1.0), ([1.0, 1.0], [2.0, 2.0], 0.0, 1.0),
     ([1.0, 0.0], [-1.0, 0.0], 2.0, 2.0)],
)  # fmt: skip
def test_the_distance_of_states(
    one: list[float], other: list[float], cosine: float, mse: float
) -> None:
    pair = torch.tensor([one]), torch.tensor([other])
    assert float(state_distance(*pair, "cosine")) == pytest.approx(cosine, abs=1e-6)
    assert float(state_distance(*pair, "mse")) == pytest.approx(mse)


def test_the_last_state_is_what_the_last_layer_reads() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).eval()
    x = torch.randn(5, 4)
    with LastState(network, 2) as last:
        logits = network(x)
        network(torch.zeros(1, 4))  # of a second call nothing is kept
    assert last.state is not None
    torch.testing.assert_close(network[2](last.state), logits)
    assert not network[2]._forward_pre_hooks
    with pytest.raises(BadInput, match="no last layer of 7 outputs"):
        LastState(network, 7)


def part(texts: list[str], labels: list[int]) -> Texts:
    return Texts(tuple(texts), np.array(labels, np.int64))


TRAIN = part(["a cat", "dogs bark", "the cat", "a dog and a cat"], [0, 1, 0, 1])


def text_data(kind: str = "word", classes: tuple[str, ...] = ("cat", "dog")) -> Any:
    task = {"tokeniser": kind, "vocabulary": 60, "lower": True, "longest": 12}
    data = make_texts(TRAIN, TRAIN, TRAIN, classes)
    return module_of(data, ModuleOptions(task, Augmentation(), 2, seed=1, epochs=1))


def text_network(data: Any, seed: int, features: int = 4) -> nn.Module:
    torch.manual_seed(seed)
    known = ARCHITECTURES["text-cnn"]
    params = parse(known.Params, {"embedding": 8, "features": features, "widths": "1, 2"})
    shape = TextShape(data.facts["vocabulary"], 2, 12, "word")
    return known.build(shape, params).eval()


def text_student(data: Any, network: nn.Module, **params: Any) -> ClassifyText:
    wanted = parse(TextParams, {"teacher": "one", **params})
    module = ClassifyText(network, data.facts, wanted, Training(), 1)
    module.prepare(data)
    return module


def first_batch(data: Any) -> dict[str, Any]:
    return dict(next(iter(data.loader)))


def test_a_student_that_is_its_teacher_has_nothing_to_learn() -> None:
    data = text_data()
    network = text_network(data, 0)
    module = text_student(data, network, hidden="mse", teacher_share=1.0)
    module.take_teacher(copy.deepcopy(network), data.facts, data.files)
    loss, numbers = module.loss(first_batch(data))
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert float(numbers["hidden_distance"]) == pytest.approx(0, abs=1e-9)


def test_the_teacher_reads_its_own_tokens_of_the_same_texts_once() -> None:
    data, own = text_data(), text_data("character")
    teacher = text_network(own, 1)
    module = text_student(data, text_network(data, 0), temperature=3.0, teacher_share=1.0)
    module.take_teacher(teacher, own.facts, own.files)
    asked: list[int] = []
    teacher.register_forward_hook(lambda net, given, out: asked.append(len(given[0])))
    batch = first_batch(data)
    loss, _ = module.loss(batch)
    rows = own._parts["train"]["x"][batch["places"]]
    with torch.no_grad():
        taught, said = teacher(rows), module.network(batch["x"])
    expected = distillation_loss(said, taught, 3.0)
    assert float(loss.detach()) == pytest.approx(float(expected), rel=1e-4)
    before = sum(asked)
    module.loss(batch)
    assert sum(asked) == before  # those are remembered


def test_a_map_between_the_widths_is_learned_and_not_kept_with_the_network() -> None:
    data = text_data()
    network, wide = text_network(data, 0), text_network(data, 1, features=6)
    assert (state_width(network, 2), state_width(wide, 2)) == (8, 12)
    module = text_student(data, network, hidden="cosine")
    module.take_teacher(wide, data.facts, data.files)
    assert isinstance(module, HasTeacher)
    assert isinstance(module.bridge, nn.Linear)
    assert module.bridge.weight.shape == (12, 8)
    module.loss(first_batch(data))[0].backward()
    assert module.bridge.weight.grad is not None
    assert all(p.grad is None for p in wide.parameters())
    learned = {id(p) for p in module.learning().parameters()}
    assert {id(p) for p in (*network.parameters(), *module.bridge.parameters())} == learned
    names = module.state_dict()
    assert not [key for key in names if "teacher" in key or "remembered" in key]
    assert not [key for key in network.state_dict() if "bridge" in key]
    alone = text_student(data, network)
    assert alone.learning() is network


def test_a_text_teacher_of_other_classes_is_refused() -> None:
    data = text_data()
    other = {**data.facts, "classes": ["cat", "owl"]}
    with pytest.raises(BadInput, match=r"the teacher knows 2 classes \(cat, owl …\)"):
        text_student(data, text_network(data, 0)).take_teacher(
            text_network(data, 1), other, data.files
        )


def corpus(words: tuple[str, ...] = ("a", "b", "c")) -> Any:
    rng = np.random.default_rng(0)
    train = "\n".join(" ".join(rng.choice(words, 5)) for _ in range(60)) + "\n"
    made = make_corpus((train, train, train), line_words(train), "lines")
    return module_of(made, ModuleOptions({"time": 6}, Augmentation(), 4, 1, 1))


def language_network(data: Any, seed: int, units: int = 6) -> nn.Module:
    torch.manual_seed(seed)
    known = ARCHITECTURES["rnn-lm"]
    params = parse(known.Params, {"embedding": units, "units": units, "layers": 1, "dropout": 0.0})
    network = known.build(LanguageShape(data.facts["vocabulary"]), params)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    return network.eval()


def language_student(data: Any, network: nn.Module, **params: Any) -> LanguageModelling:
    wanted = parse(LanguageParams, {"teacher": "one", "time": 6, **params})
    module = LanguageModelling(network, data.facts, wanted, Training(), 1)
    module.prepare(data)
    return module


def test_a_language_model_learns_every_token_from_a_teacher_that_reads_on() -> None:
    data = corpus()
    student, teacher = language_network(data, 0), language_network(data, 1, 8)
    module = language_student(data, student, teacher_share=0.4, teacher_temperature=2.0)
    module.take_teacher(teacher, data.facts, data.files)
    batches = iter(data.loader)
    states: tuple[Any, Any] = (None, None)
    for _ in range(2):
        batch = next(batches)
        loss, _ = module.loss(batch)
        with torch.no_grad():
            said, mine = student(batch["x"], states[0])
            taught, theirs = teacher(batch["x"], states[1])
        states = (mine, theirs)
        labels = F.cross_entropy(said.flatten(0, 1), batch["y"].flatten())
        apart = distillation_loss(said.flatten(0, 1), taught.flatten(0, 1), 2.0)
        assert float(loss.detach()) == pytest.approx(float(0.4 * apart + 0.6 * labels), rel=1e-4)
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    fresh = language_student(data, student)
    fresh.on_load_checkpoint(checkpoint)
    assert torch.equal(fresh.taught[0][0], module.taught[0][0])


def test_a_language_model_that_is_its_teacher_has_nothing_to_learn() -> None:
    data = corpus()
    network = language_network(data, 0)
    module = language_student(data, network, teacher_share=1.0, hidden="cosine")
    module.take_teacher(copy.deepcopy(network), data.facts, data.files)
    loss, _ = module.loss(next(iter(data.loader)))
    assert float(loss.detach()) == pytest.approx(0, abs=1e-5)


def test_a_language_teacher_of_other_tokens_is_refused() -> None:
    data, more, other = corpus(), corpus(("a", "b", "c", "d")), corpus(("a", "b", "z"))
    module = language_student(data, language_network(data, 0))
    with pytest.raises(BadInput, match="a language model learns from one of the same vocabulary"):
        module.take_teacher(language_network(more, 1), more.facts, more.files)
    with pytest.raises(BadInput, match=r"\d of the \d+ tokens of the data are others"):
        module.take_teacher(language_network(other, 1), other.facts, other.files)
