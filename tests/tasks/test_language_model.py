"""Language modelling: the loss by hand, the state carried, perplexity by an independent count."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.data.base import Augmentation, ModuleOptions
from dlexplain.data.corpora import line_words, make_corpus
from dlexplain.data.modules.base import GIVEN
from dlexplain.data.modules.corpora import CorpusModule, module_of
from dlexplain.networks.base import ARCHITECTURES, LanguageShape
from dlexplain.networks.modules.language import State
from dlexplain.params import parse
from dlexplain.tasks.base import TASKS, Training
from dlexplain.tasks.language_model import Params
from dlexplain.tasks.modules.language_model import SHOWN, LanguageModelling
from dlexplain.tasks.modules.perplexity import by_frequency, perplexity
from tests.tasks.training import trainer

# Lightning 2.6 asks torch 2.13 in a way that torch will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
SMALL: dict[str, dict[str, Any]] = {
    "rnn-lm": {"embedding": 8, "units": 8, "layers": 2, "dropout": 0.5},
    "transformer-lm": {"layers": 2, "size": 8, "heads": 2, "context": 6, "dropout": 0.5},
}


def text(lines: int) -> str:
    words = np.random.default_rng(lines).choice(["a", "b", "c"], size=(lines, 4), p=[0.6, 0.3, 0.1])
    return "\n".join(" ".join(line) for line in words) + "\n"


def data(time: int = 7) -> CorpusModule:
    train = text(300)
    corpus = make_corpus((train, text(60), text(130)), line_words(train), "lines")
    found = module_of(corpus, ModuleOptions({"time": time}, Augmentation(), 4, 1, 1))
    assert isinstance(found, CorpusModule)
    return found


def network(name: str = "rnn-lm") -> nn.Module:
    torch.manual_seed(0)
    architecture = ARCHITECTURES[name]
    net = architecture.build(LanguageShape(5), parse(architecture.Params, SMALL[name]))
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.5)
    return net


def task(module: CorpusModule, net: nn.Module, **params: Any) -> LanguageModelling:
    return LanguageModelling(net, module.facts, parse(Params, params), Training(), 1000)


class Bigrams(nn.Module):
    """Logits of the next token from a table, by the last one; counts what its state has seen."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.table = nn.Parameter(table.float())
        self.seen: list[int] = []

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        before = 0 if state is None else int(state[0][0])
        self.seen.append(before)
        return self.table[tokens], (torch.full((len(tokens),), before + tokens.shape[1]),)


def test_perplexity_equals_an_independent_count(tmp_path: Path) -> None:
    """A model of pairs of words, whose text's likelihood is a product over a table of counts."""
    module = data()
    seen = np.ones((5, 5))  # each pair once more than it was seen, as Laplace
    ids = np.concatenate([[module.facts["start"]], module._parts["train"]["tokens"][1:].numpy()])
    np.add.at(seen, (ids[:-1], ids[1:]), 1)
    shares = seen / seen.sum(axis=1, keepdims=True)
    found = task(module, Bigrams(torch.from_numpy(np.log(shares))))
    (logged,) = trainer(tmp_path).test(found, datamodule=module, verbose=False)
    metrics, arrays = found.results()
    words = text(130).split("\n")[:-1]
    tokeniser = found._tokeniser()
    number = {word: tokeniser.token_to_id(word) for word in ("a", "b", "c", "<eos>")}
    likelihood, count, last = 0.0, 0, number["<eos>"]
    for line in words:
        for word in [*line.split(), "<eos>"]:
            likelihood += np.log(shares[last, number[word]])
            last, count = number[word], count + 1
    expected = np.exp(-likelihood / count)
    assert metrics["test/tokens"] == count == 650
    assert metrics["test/perplexity"] == pytest.approx(expected, rel=1e-6)
    assert logged["test/perplexity"] == pytest.approx(expected, rel=1e-6)
    assert metrics["test/loss"] == pytest.approx(np.log(expected), rel=1e-6)
    both = (arrays["counts"] * np.log(arrays["perplexities"])).sum() / count
    assert np.exp(both) == pytest.approx(expected, rel=1e-6)
    first = shares[number["<eos>"], number[words[0][0]]]
    np.testing.assert_allclose(arrays["surprise"][0], -np.log(first), rtol=1e-6)
    assert " ".join(arrays["text"][:5]) == words[0] + " <eos>"
    assert len(arrays["samples"]) == 3


def test_a_model_that_knows_nothing_is_as_perplexed_as_there_are_words(tmp_path: Path) -> None:
    module = data()
    found = task(module, Bigrams(torch.zeros(5, 5)))
    run = trainer(tmp_path)
    (validated,) = run.validate(found, datamodule=module, verbose=False)
    assert validated["validation/perplexity"] == pytest.approx(5)
    run.test(found, datamodule=module, verbose=False)
    assert found.results()[0]["test/perplexity"] == pytest.approx(5)


def test_the_state_is_carried_over_the_whole_text_and_over_windows(tmp_path: Path) -> None:
    module, net = data(), Bigrams(torch.zeros(5, 5))
    found = task(module, net, written=0)
    run = trainer(tmp_path, epochs=2)
    run.fit(found, datamodule=module)
    windows = [7 * place for place in range(-(-375 // 7))]  # of 1,500 tokens in 4 streams
    validation, writing = [0], [*range(SHOWN)]
    assert net.seen == 2 * [*windows, *validation, *writing]  # each epoch begins anew
    net.seen.clear()
    run.test(found, datamodule=module, verbose=False)
    assert net.seen == [0, 500]


@pytest.mark.parametrize("name", SMALL)
def test_the_loss_is_the_mean_cross_entropy_with_the_state_of_the_window_before(name: str) -> None:
    module, net = data(), network(name).eval()
    found = task(module, net)
    batches = list(module.loader)[:3]
    whole = torch.cat([b["x"] for b in batches], dim=1)
    truth = torch.cat([b["y"] for b in batches], dim=1)
    logits = net(whole)[0]
    for place, batch in enumerate(batches):
        part = slice(7 * place, 7 * place + 7)
        expected = F.cross_entropy(logits[:, part].transpose(1, 2), truth[:, part])
        loss, numbers = found.loss(batch)
        torch.testing.assert_close(loss, expected)
        torch.testing.assert_close(numbers["perplexity"], expected.detach().exp())
    assert all(not part.requires_grad for part in found.carried[0])
    first, _ = found.loss(batches[0])  # an epoch begins without a state
    torch.testing.assert_close(first, F.cross_entropy(logits[:, :7].transpose(1, 2), truth[:, :7]))


def test_gradients_stop_at_the_windows_beginning() -> None:
    """Two tokens back is beyond a window of one, so the first input gets no gradient."""
    module, net = data(time=1), network().eval()
    found = task(module, net)
    first, second = list(module.loader)[:2]
    found.loss(first)
    found.loss(second)[0].backward()
    embedding = net.embedding.weight.grad
    net.output.bias.grad = None
    alone = network().eval()
    _, state = alone(first["x"])
    logits, _ = alone(second["x"], tuple(part.detach() for part in state))
    F.cross_entropy(logits[:, 0], second["y"][:, 0]).backward()
    torch.testing.assert_close(embedding, alone.embedding.weight.grad)


@pytest.mark.parametrize("name", SMALL)
def test_a_given_text_scores_as_in_the_runs_own_test(name: str, tmp_path: Path) -> None:
    module, net = data(), network(name)
    own = task(module, net)
    trainer(tmp_path).test(own, datamodule=module, verbose=False)
    file = tmp_path / "given.txt"
    file.write_text(text(130))
    given = GIVEN["language-model"](str(file), module.facts, module.files, {"time": 7})
    assert given.facts["sizes"]["test"] == 650
    other = LanguageModelling(net, given.facts, Params(), Training(), 1)
    trainer(tmp_path).test(other, datamodule=given, verbose=False)
    metrics, arrays = own.results()
    assert other.results()[0] == metrics
    assert other.results()[1]["samples"].tolist() == arrays["samples"].tolist()


def test_the_carried_state_is_in_the_checkpoint() -> None:
    module, net = data(), network()
    found, again = task(module, net), task(module, net)
    found.loss(next(iter(module.loader)))
    checkpoint: dict[str, Any] = {}
    found.on_save_checkpoint(checkpoint)
    again.on_load_checkpoint(checkpoint)
    for part, expected in zip(again.carried[0], found.carried[0], strict=True):
        assert torch.equal(part, expected)
    again.on_load_checkpoint({})
    assert again.carried == {}


def test_classes_of_frequency_by_hand() -> None:
    """Token 7 once; 8 twice; 9 ten times."""
    tokens = np.array([7, 8, 8, *[9] * 10])
    lost = np.array([5.0, 1.0, 3.0, *np.linspace(0, 1, 10)])
    least, counts, means = by_frequency(tokens, lost)
    assert least.tolist() == [1, 2, 10]
    assert counts.tolist() == [1, 2, 10]
    np.testing.assert_allclose(means, [5, 2, 0.5])
    assert by_frequency(np.array([3] * 100), np.ones(100))[0].tolist() == [100]


def test_perplexity_is_finite() -> None:
    assert perplexity(np.log(100)) == pytest.approx(100)
    assert perplexity(1e9) == perplexity(50)


def test_the_shape_follows_from_facts() -> None:
    spec = TASKS["language-model"]
    assert spec.shape(data().facts, Params()) == LanguageShape(5)
    assert (spec.monitor, spec.mode) == ("validation/perplexity", "min")


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "sgd"])
def test_a_fused_step_is_the_plain_one(optimiser: str) -> None:
    module = data()
    batches = list(module.loader)[:3]

    def stepped(fused: bool) -> Tensor:
        net = network().eval()
        how = parse(Training, {"optimiser": optimiser, "weight_decay": 0.1, "learning_rate": 0.1})
        found = LanguageModelling(net, module.facts, Params(), how, 100)
        optimizer = found.configure_optimizers()["optimizer"]
        for group in optimizer.param_groups:
            assert group["fused"]
            group["fused"] = fused
        for batch in batches:
            optimizer.zero_grad()
            found.loss(batch)[0].backward()
            optimizer.step()
        return nn.utils.parameters_to_vector(net.parameters()).detach()

    torch.testing.assert_close(stepped(True), stepped(False), atol=1e-5, rtol=1e-4)
