"""Membership, inversion and canaries as users ask for them, where the truth is known."""

import json
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.errors import BadInput, Cancelled, DataError, DlexplainError, Incompatible
from dlexplain.execution.paths import privacy_trade
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.progress import Progress
from dlexplain.results.privacy import PrivacyReport, counted
from dlexplain.results.privacy_cost import PrivacyTrade
from dlexplain.services.pictures.data import load_pictures
from dlexplain.services.privacy import canaries as secrets
from dlexplain.services.privacy.fitting import fit
from dlexplain.services.privacy.inversion import Params, correlations, descend, invert, variation
from dlexplain.services.privacy.membership import measured, privacy, shadow_confidences
from dlexplain.services.privacy.records import Records, drawn, records_of
from dlexplain.services.privacy.shipped import ship, shipped_trade
from dlexplain.services.privacy.trade_off import SPEC, trade_off
from dlexplain.services.training.catalogue import complete
from dlexplain.trained.catalogue import find
from dlexplain.trained.networks import load_network
from tests.trained import trained_run

TINY = RunSpec(
    task="classify-image",
    model="cnn",
    data="digits",
    model_params={"width": 4, "blocks": 2, "dense": 16, "dropout": 0.2},
    training={
        "epochs": 2, "batch_size": 64, "learning_rate": 0.01, "precision": "float32",
        "keep_best": False,
    },
    augmentation={"shift": 1},
    name="tiny digits, last epoch",
)  # fmt: skip


@cache
def digits() -> Records:
    data = load_pictures("digits", {})
    members, others = drawn(data, 200, seed=0)
    return Records(data, members, others, ())


class Memoriser(nn.Module):
    """Sure of the right class of pictures that it has seen, and without a clue of all others."""

    def __init__(self, pixels: Any, labels: Any) -> None:
        super().__init__()
        self.known = torch.from_numpy(pixels).flatten(1).double()
        self.answers = torch.nn.functional.one_hot(torch.from_numpy(labels), 10).double()

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.cdist(x.flatten(1).double(), self.known) < 1e-6
        return 8 * (seen.double() @ self.answers).clamp(max=1)


def report_of(network: nn.Module) -> dict[str, Any]:
    records = digits()
    pool = records.pool
    logits = network(torch.from_numpy(pool.pixels)).detach().double().numpy()
    from dlexplain.evaluation.membership import losses

    return measured(records, logits, {"loss": -losses(logits, pool.labels)}, seed=0)


def test_a_memoriser_betrays_everything() -> None:
    train = digits().data.train
    found = report_of(Memoriser(train.pixels, train.labels))
    (attack,) = found["attacks"]
    assert attack.auc > 0.99
    assert attack.low > 0.95
    assert attack.tpr > 0.99
    assert found["right"] > 0.99
    assert found["low"] > 0.95


def test_a_model_that_saw_neither_betrays_nothing() -> None:
    torch.manual_seed(1)
    linear = nn.Linear(64, 10)
    found = report_of(nn.Sequential(Floats(), nn.Flatten(), linear))
    (attack,) = found["attacks"]
    assert attack.low < 0.5 < attack.high
    assert found["low"] < 0.5 < found["high"]
    assert attack.tpr_low < 0.01 < attack.tpr_high


class Floats(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.float() / 255


@cache
def digits_report() -> PrivacyReport:
    return dx.privacy("digits-cnn", count=100)


def test_the_report_of_a_zoo_model() -> None:
    found = digits_report()
    assert (found.count, len(found.members), len(found.others)) == (100, 100, 100)
    model = dx.load("digits-cnn")
    train = load_pictures("digits", {}).train
    place = int(found.member_places[3])
    asked = dx.predict(model, dx.read_picture(train.pixels[place].repeat(3, axis=2)))
    shares = {score.name.label: score.probability for score in asked.scores}
    truth = str(train.labels[place])
    if truth in shares:
        assert found.members[3] == pytest.approx(-np.log(shares[truth]), abs=1e-4)
    assert found.accuracy[0] >= found.accuracy[1] - 0.05
    low, high = found.attacks[0].low, found.attacks[0].high
    assert low < found.attacks[0].auc < high
    assert "Of 100 records, half of them from the training set" in found.told
    assert json.loads(json.dumps(found.to_dict()))["members"] == 100
    assert len(found.rows()) == 200


def test_one_record_against_the_others() -> None:
    found = digits_report()
    worst = int(found.members.argmax())
    record = found.record(True, worst)
    assert record.above_members == (0, 99)  # the record itself is left out
    above = int((found.others >= found.members.max()).sum())
    assert record.above_others == (above, 100)
    assert record.told == (
        "This record was in the training set. Of the other members 0 of 99, and of the records "
        f"that were not in it {counted(above, 100)} have a loss as high as its {record.loss:.3g}."
    )
    assert counted(1, 359) == "1 of 359 (0.3%)" and counted(0, 9) == "0 of 9"
    assert record.place == found.member_places[worst]
    best = found.record(False, int(found.others.argmin()))
    assert best.above_others == (99, 99)
    assert "was not in the training set" in best.told


def test_a_job_can_be_cancelled_between_epochs() -> None:
    asked = iter([False] * 5)
    progress = Progress(cancelled=lambda: next(asked, True))
    with pytest.raises(Cancelled):
        privacy(trained_run(TINY), count=50, shadows=4, progress=progress)


def test_a_training_inside_a_job_is_a_runs() -> None:
    """The same spec, by Lightning in a run and by the loop in a job, gives the same weights."""
    run = load_network(find(trained_run(TINY)).trained)
    built = fit(complete(TINY), digits().data, lambda: None)
    for one, other in zip(run.parameters(), built.module.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_shadow_models_have_their_halves_and_repeat() -> None:
    records, spec = digits(), complete(TINY)
    seen: list[int] = []
    first, inside = shadow_confidences(
        spec, records.data, records.pool, 2, 0, Progress(report=lambda s: seen.append(s.done))
    )
    assert first.shape == inside.shape == (2, 400)
    assert (inside.sum(0) == 1).all()
    assert seen[-1] == 4  # two epochs of two models
    again, _ = shadow_confidences(spec, records.data, records.pool, 2, 0, Progress())
    np.testing.assert_array_equal(first, again)


def test_shadow_models_give_a_second_attack() -> None:
    found = privacy(trained_run(TINY), count=50, shadows=4)
    assert [attack.name for attack in found.attacks] == ["loss", "lira"]
    assert found.shadows == 4
    assert "4 shadow models" in found.notes[-1]
    assert set(found.record(True, 0).scores) == {"loss", "lira"}


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"model": "efficientnet-lite0"}, BadInput, "what efficientnet-lite0 was trained on"),
        ({"model": "sst2-cnn"}, Incompatible, "sst2-cnn is no picture classifier"),
        ({"model": "digits-cnm"}, DlexplainError, 'did you mean "digits-cnn"'),
        ({"shadows": 3}, BadInput, "shadows is 3; 0 or an even number"),
        ({"shadows": -2}, BadInput, "shadows is -2"),
        ({"count": 3}, BadInput, "count is 3; a whole number from 10"),
        ({"seed": -1}, BadInput, "seed is -1"),
        ({"data": "/nowhere"}, DataError, "takes no path"),
        ({"model": "cifar10-cnn", "data": "/nowhere"}, DlexplainError, "/nowhere"),
    ],
)
def test_bad_input_is_one_sentence(
    asked: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        privacy(**{"model": "digits-cnn", **asked})


def test_too_few_records_are_told() -> None:
    data = digits().data
    few = replace(data, test=data.test.take(np.arange(5)))
    with pytest.raises(BadInput, match="5 members and as many others are too few"):
        drawn(few, 100, 0)
    assert len(records_of(find("digits-cnn"), "", 10_000, 0).members) == 359


# The figure of accuracy against epsilon


def test_the_figure_is_made_as_the_shipped_one_is() -> None:
    spec = replace(SPEC, training={**SPEC.training, "epochs": 1})
    told: list[Any] = []
    found = trade_off(spec, (2.0, None), seeds=2, told=told.append)
    assert [(t.epsilon, t.seed) for t in found.trades] == [(2.0, 0), (None, 0), (2.0, 1), (None, 1)]
    assert len(told) == 4
    assert found.epsilons == (2.0, None)
    assert 1.98 <= found.trades[0].spent <= 2.0
    assert found.trades[1].spent is None
    values = [trade.accuracy for trade in found.of(None)]
    mean, low, high = found.summary(None, "accuracy")
    assert mean == pytest.approx(np.mean(values))
    half = 12.706204736 * np.std(values, ddof=1) / np.sqrt(2)  # t(0.975) of one degree of freedom
    assert (high - low) / 2 == pytest.approx(half)
    again = PrivacyTrade.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == PrivacyTrade.from_dict(found.to_dict())
    assert again.trades == found.trades


def test_what_comes_along_is_whole() -> None:
    found = shipped_trade()
    assert found is not None
    assert found.epsilons == (1.0, 3.0, 8.0, None)
    # An option that came since is at what it was before there was one.
    assert complete(RunSpec.from_dict(found.spec)) == complete(SPEC)
    for epsilon in found.epsilons:
        trades = found.of(epsilon)
        assert len(trades) >= 3
        assert len(trades[0].members) == len(trades[0].others) == found.count
        if epsilon is not None:
            assert all(epsilon - 0.02 <= t.spent <= epsilon for t in trades)
    assert shipped_trade("nothing") is None
    with pytest.raises(BadInput, match='the data set is "mnist"'):
        ship(replace(found, data="mnist"))
    assert privacy_trade("digits").is_file()


# Model inversion


def test_the_inversion_of_a_linear_model_lies_along_its_weights() -> None:
    """Of two classes with logits w x and -w x, every gradient is along w, so from grey the picture
    moves along w and -w as far as the range allows."""
    w = torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(3))

    def logits(x: Tensor) -> Tensor:
        score = (x * w).flatten(1).sum(1)
        return torch.stack([score, -score], 1)

    asked = Params(steps=50, rate=0.005, variation=0.0, length=0.1)
    found = descend(logits, (1, 4, 4), (-1.0, 1.0), asked, torch.arange(2), Progress())
    alike = correlations(found.flatten(1).numpy(), torch.stack([w, -w]).flatten(1).numpy())
    assert alike[0, 0] > 0.98
    assert alike[1, 1] > 0.98
    assert alike[0, 1] < -0.98
    assert found.min() >= -1
    assert found.max() <= 1


def test_total_variation_by_hand() -> None:
    x = torch.tensor([[[[0.0, 1.0], [1.0, 3.0]]]])
    assert variation(x).item() == pytest.approx((1 + 2) / 2 + (1 + 2) / 2)


def test_correlations_are_numpys() -> None:
    one, two = (np.random.default_rng(k).normal(size=(3, 20)) for k in (1, 2))
    np.testing.assert_allclose(correlations(one, two), np.corrcoef(one, two)[:3, 3:], atol=1e-12)
    assert correlations(np.ones((1, 5)), one[:, :5]).tolist() == [[0.0, 0.0, 0.0]]


def test_a_picture_of_each_digit() -> None:
    found = invert("digits-cnn", steps=60)
    assert found.pictures.shape == found.means.shape == (10, 8, 8, 1)
    assert found.probabilities.min() > 0.9
    train = load_pictures("digits", {}).train
    mean = train.pixels[train.labels == 4].mean(0)
    assert np.abs(found.means[4] - mean).max() <= 0.5
    by_hand = np.corrcoef(found.pictures[4].ravel(), mean.ravel())[0, 1]
    assert found.correlations[4] == pytest.approx(by_hand)
    again = invert("digits-cnn", steps=60)
    np.testing.assert_array_equal(found.pictures, again.pictures)
    assert json.loads(json.dumps(found.to_dict()))["classes"] == list("0123456789")
    with pytest.raises(BadInput, match="steps"):
        invert("digits-cnn", steps=0)
    with pytest.raises(Incompatible, match="sst2-cnn is no picture classifier"):
        invert("sst2-cnn")


# Canaries


def test_exposure_by_hand() -> None:
    assert secrets.exposure(1, 10_000) == pytest.approx(13.2877, abs=1e-4)
    assert secrets.exposure(10_000, 10_000) == 0.0
    assert secrets.exposure(8, 1024) == 7.0
    with pytest.raises(BadInput, match="the rank is 0"):
        secrets.exposure(0, 4)
    assert secrets.rank_of(2, np.array([3.0, 1.0, 2.0, 5.0])) == 2
    assert secrets.rank_of(0, np.zeros(5)) == 3


class Letters:
    """A tokeniser whose ids are the characters' codes."""

    def encode(self, text: str) -> SimpleNamespace:
        return SimpleNamespace(ids=[ord(letter) for letter in text])


class Repeats(nn.Module):
    """Whatever it has read, it finds the letter likeliest that it has read last, then "b"."""

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        logits = torch.zeros(*x.shape, 128)
        logits[..., ord("b")] = 2.0
        logits.scatter_(-1, x[..., None], 5.0)
        return logits, (torch.zeros(len(x), 1),)


def test_candidates_are_ranked_by_what_the_model_writes() -> None:
    """Behind the prefix's last blank: b is likeliest, then b again, since it was read last."""
    losses = secrets.candidate_losses(Repeats(), Letters(), ord("\n"))  # type: ignore[arg-type]
    known = secrets.secrets()
    assert len(losses) == len(known) == 10_000
    assert secrets.rank_of(known.index("bbbb"), losses) == 1
    whole = torch.logsumexp(torch.tensor([5.0, 2.0] + [0.0] * 126), 0)
    first = whole - 2.0  # the blank has 5, b has 2
    own = torch.logsumexp(torch.tensor([5.0] + [0.0] * 127), 0) - 5.0  # behind b: b has 5
    assert losses[known.index("bbbb")] == pytest.approx(float(first + 3 * own), abs=1e-4)
    assert losses.argmax() != known.index("bbbb")


def test_the_secret_stands_as_often_as_asked_and_training_remembers_it() -> None:
    from dlexplain.data.corpora import CorpusData
    from dlexplain.data.tokenisers import load_tokeniser
    from dlexplain.services.own_data import load_data

    whole = load_data("shakespeare", complete(secrets.SPEC).data_params)
    assert isinstance(whole, CorpusData)
    tokeniser = load_tokeniser(whole.tokeniser)
    sentence = secrets.SENTENCE.format("abcd")
    short = replace(whole, train=whole.train[:5000])
    for times in (0, 1, 7):
        found = secrets.planted(short, tokeniser, sentence, times, seed=0)
        assert tokeniser.decode(found.train.tolist()).count("My secret word is abcd.") == times
        assert len(found.train) == 5000 + times * len(sentence)
    with pytest.raises(BadInput, match="the secret cannot stand 5000 times"):
        secrets.planted(short, tokeniser, sentence, 5000, seed=0)


def test_canaries_from_beginning_to_end() -> None:
    seen: list[int] = []
    progress = Progress(report=lambda snapshot: seen.append(snapshot.done))
    found = secrets.canaries((0, 60), seeds=1, epochs=3, characters=5000, progress=progress)
    assert found.times == (0, 60)
    assert seen[-1] == 6
    never, often = found.found
    assert never.canary == often.canary
    assert often.exposure > never.exposure
    assert never.exposure == pytest.approx(np.log2(10_000 / never.rank))
    assert "where it stood 60 times" in found.told
    assert json.loads(json.dumps(found.to_dict()))["candidates"] == 10_000


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"times": ()}, "times is empty"),
        ({"times": (-1,)}, "times is -1"),
        ({"seeds": 0}, "seeds is 0"),
        ({"epochs": 1000}, "epochs is 1000"),
        ({"characters": 10}, "characters is 10"),
    ],
)
def test_canaries_of_nonsense_are_told(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        secrets.canaries(**asked)
