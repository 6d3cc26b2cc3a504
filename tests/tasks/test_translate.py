"""Translation: the loss and BLEU by hand, a trained run, what was given, and resuming."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.networks.modules.gru_attention import GRUAttention
from dlexplain.networks.modules.translator import PAD
from dlexplain.results import TranslationTest
from dlexplain.services.scoring import evaluate
from dlexplain.services.training import runs
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.test_results import results_of
from dlexplain.tasks.modules.translate import bleu, exact, token_loss
from dlexplain.trained.catalogue import trained
from tests.data.test_pairs import load, write
from tests.execution.small import Homes, assert_same, curves
from tests.execution.stopping import Stopping
from tests.trained import trained_run as train

DATES = {"count": 300, "held_out": 40}
SPEC = RunSpec(
    task="translate",
    model="gru-attention",
    data="dates",
    data_params=DATES,
    task_params={"tokens": "character", "vocabulary": 100, "joint": False, "beam": 2},
    model_params={"embedding": 8, "hidden": 12, "dropout": 0.2},
    training={"epochs": 2, "batch_size": 32, "precision": "float32", "learning_rate": 0.01},
    name="dates",
    device="cpu",
)
SMALL_TRANSFORMER = {"width": 8, "layers": 1, "heads": 2, "feed_forward": 16}
STOP = 12


def test_the_loss_is_the_mean_over_tokens_that_are_no_padding() -> None:
    logits = torch.zeros(2, 3, 4)
    logits[0, 0, 1] = math.log(5)  # 5 of 8
    target = torch.tensor([[2, 1, 3, PAD], [2, 3, PAD, PAD]])
    by_hand = -(math.log(5 / 8) + 2 * math.log(1 / 4)) / 3
    assert float(token_loss(logits, target)) == pytest.approx(by_hand)
    # Smoothed: 0.9 of the token's own, 0.1 of the mean over all.
    mean = -(math.log(5 / 8) + 3 * math.log(1 / 8)) / 4
    smoothed = (0.9 * -math.log(5 / 8) + 0.1 * mean - 2 * math.log(1 / 4)) / 3
    assert float(token_loss(logits, target, 0.1)) == pytest.approx(smoothed)


def test_bleu_by_hand() -> None:
    """Of "a b c d e" against "a b c d f": precisions 4/5, 3/4, 2/3, 1/2, no brevity penalty."""
    by_hand = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert bleu(["a b c d e"], ["a b c d f"]) == pytest.approx(by_hand)
    assert bleu(["Ein Hund läuft."], ["Ein Hund läuft."]) == pytest.approx(100)
    short = bleu(["a b c d"], ["a b c d e"])
    assert short == pytest.approx(100 * math.exp(1 - 5 / 4))


def test_exact() -> None:
    assert exact(["a", "b"], ["a", "c"]) == 0.5


@pytest.mark.parametrize("model", ["gru-attention", "transformer-translator"])
def test_a_run_scored_on_its_own_test_is_its_own_test(model: str, tmp_path: Path) -> None:
    params = SPEC.model_params if model == "gru-attention" else SMALL_TRANSFORMER
    run = train(replace(SPEC, model=model, model_params=params))
    data = load("dates", **DATES)
    write(tmp_path / "a.en", list(data.test.source))
    write(tmp_path / "a.iso", list(data.test.target))
    score = evaluate(run, f"{tmp_path / 'a.en'},{tmp_path / 'a.iso'}")
    card = trained(run).card
    told = {k.removeprefix("test/"): v for k, v in card["metrics"].items() if "test/" in k}
    assert score.n == 40
    assert set(score.metrics) == {"bleu", "exact", "loss"}
    assert score.metrics == pytest.approx({key: told[key] for key in score.metrics}, rel=1e-5)
    assert "tok:13a" in score.details["bleu"]
    found = results_of(runs.run(run))
    assert isinstance(found, TranslationTest)
    assert found.source == data.test.source
    assert found.reference == data.test.target
    assert bleu(found.said, found.reference) == pytest.approx(told["bleu"])
    first = found.alignments[0]
    assert first.weights.shape == (len(first.rows), len(first.columns))
    assert "".join(first.columns) == found.source[0] + "(end)"
    assert first.weights.sum(1) == pytest.approx(1, abs=1e-2)  # kept in half precision


class Net(Stopping, GRUAttention):
    """The network as it is, with the request to end."""

    last = STOP


@pytest.fixture
def _stopping() -> Iterator[None]:
    known = ARCHITECTURES["gru-attention"]
    ARCHITECTURES.add("stopping-translator", replace(known, module=Net))
    yield
    del ARCHITECTURES._entries["stopping-translator"]


@pytest.mark.usefixtures("_stopping")
def test_stopped_in_mid_epoch_and_resumed(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Homes(tmp_path_factory)()
    spec = replace(SPEC, model="stopping-translator")
    whole = inline_queue(home).submit(spec)
    assert whole.state == "finished", whole.why
    Stopping.stop = True
    row = inline_queue(home).submit(spec)
    assert (row.state, row.why) == ("interrupted", "the worker was asked to end; saved at step 12")
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(curves(home, row), curves(home, whole))
