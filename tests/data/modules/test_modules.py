"""Batches: their order, taking them up again, and what a model is shown."""

import numpy as np
import pytest
import torch
from torch import Tensor

from dlexplain.data.base import Augmentation, ModuleOptions, PictureData, Pictures
from dlexplain.data.modules.base import EvaluationLoader, TrainLoader, module_of
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.data.modules.series import SeriesModule
from dlexplain.data.series import make_series
from dlexplain.data.tables import Table

SIDE = 6


def loader(count: int = 100, size: int = 8, seed: int = 3) -> TrainLoader:
    return TrainLoader({"x": torch.arange(count)}, size, seed)


def epoch(of: TrainLoader) -> list[list[int]]:
    """The places of the epoch's (other) batches, counted as trained on."""
    batches = []
    for batch in of:
        assert torch.equal(batch["x"], batch["places"])
        batches.append(batch["places"].tolist())
        of.seen += 1
    return batches


def test_an_epoch_sees_each_once() -> None:
    batches = epoch(loader())
    assert [len(b) for b in batches] == [8] * 12 + [4]
    assert sorted(place for b in batches for place in b) == list(range(100))


@pytest.mark.parametrize(
    ("count", "size", "lengths"),
    [
        (19, 8, [8, 8]),  # a rest of 3 is less than half
        (20, 8, [8, 8, 4]),
        (5, 8, [5]),
        (9, 2, [2, 2, 2, 2]),  # one example has no variance for a batch norm
        (1, 8, [1]),
    ],
)
def test_a_small_rest_is_left_out(count: int, size: int, lengths: list[int]) -> None:
    of = loader(count, size)
    assert len(of) == len(lengths)
    assert [len(b) for b in epoch(of)] == lengths


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    one, two, other = loader(), loader(), loader(seed=4)
    torch.manual_seed(1)
    first, second = epoch(one), epoch(one)
    torch.manual_seed(2)
    assert [epoch(two), epoch(two)] == [first, second]
    assert first != second
    assert epoch(other) != first


@pytest.mark.parametrize("seen", [0, 1, 12, 13, 20, 26])
def test_taking_up_goes_on_with_the_very_next_batch(seen: int) -> None:
    whole = loader()
    batches = [b for _ in range(3) for b in whole_batches(whole)]
    taken_up = loader()
    taken_up.seen = seen
    rest = [b for _ in range(3) for b in whole_batches(taken_up)]
    length = len(batches) - seen
    for found, expected in zip(rest[:length], batches[seen:], strict=True):
        assert torch.equal(found["places"], expected["places"])
        assert (found["epoch"], found["seed"]) == (expected["epoch"], expected["seed"])


def whole_batches(of: TrainLoader) -> list[dict[str, Tensor]]:
    batches = []
    for batch in of:
        batches.append(batch)
        of.seen += 1
    return batches


def test_each_batch_of_a_training_has_a_seed_of_its_own() -> None:
    of = loader()
    seeds = [b["seed"] for _ in range(4) for b in whole_batches(of)]
    assert len(set(seeds)) == len(seeds) == 4 * 13


def test_evaluation_goes_through_in_order() -> None:
    of = EvaluationLoader({"x": torch.arange(7)}, 3)
    assert len(of) == 3
    assert [b["x"].tolist() for b in of] == [[0, 1, 2], [3, 4, 5], [6]]


def pictures() -> PictureData:
    generator = np.random.default_rng(0)

    def part(count: int) -> Pictures:
        pixels = generator.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
        return Pictures(pixels, np.arange(count) % 4)

    return PictureData(part(32), part(8), part(12), tuple("abcd"), "digest", ("a note",))


def module(how: Augmentation | None = None, epochs: int = 4) -> PictureModule:
    return PictureModule(pictures(), how or Augmentation(), 8, seed=1, epochs=epochs)


def test_pictures_are_normalised_by_the_training_part() -> None:
    found, data = module(), pictures()
    mean, scale = data.train.pixels.mean(), data.train.pixels.std()
    batch = next(iter(found.test_dataloader()))
    x = found.on_after_batch_transfer(batch, 0)["x"]
    expected = (data.test.pixels.transpose(0, 3, 1, 2).astype(float) - mean) / scale
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-5, atol=1e-5)
    assert found.facts["mean"] == pytest.approx(mean)


def test_a_training_batch_without_augmentation_is_its_pictures() -> None:
    found, data = module(), pictures()
    raw = next(iter(found.train_dataloader()))
    batch = found.on_after_batch_transfer(raw, 0)
    shown = batch["x"].permute(0, 2, 3, 1) * found.scale + found.mean
    np.testing.assert_allclose(shown.numpy(), data.train.pixels[raw["places"]], atol=1e-3)
    assert batch["y"].tolist() == batch["y2"].tolist() == (raw["places"] % 4).tolist()
    assert batch["weight"] == 1


@pytest.mark.parametrize(("epochs", "sides"), [(4, [3, 3, 6, 6]), (3, [3, 6, 6]), (1, [6])])
def test_pictures_are_smaller_in_the_first_half_of_the_epochs(
    epochs: int, sides: list[int]
) -> None:
    found = module(Augmentation(early_side=3), epochs)
    seen = []
    for _ in range(epochs):
        for raw in found.train_dataloader():
            seen.append(found.on_after_batch_transfer(raw, 0)["x"].shape[-1])
            found.loader.seen += 1
    assert seen[:: len(found.loader)] == sides
    test = found.on_after_batch_transfer(next(iter(found.test_dataloader())), 0)
    assert test["x"].shape[-1] == SIDE


def test_pictures_are_varied_the_same_after_taking_up() -> None:
    how = Augmentation(flip="random", shift=2, mixup=0.5)
    one, two = module(how), module(how)
    raws = list(one.train_dataloader())
    two.load_state_dict({"seen": 2})
    assert two.state_dict() == {"seen": 2}
    again = next(iter(two.train_dataloader()))
    x = one.on_after_batch_transfer(raws[2], 0)["x"]
    assert torch.equal(two.on_after_batch_transfer(again, 0)["x"], x)


def test_what_a_model_is_shown_first_are_training_pictures() -> None:
    found, data = module(), pictures()
    shown = found.some_inputs(5, seed=2).permute(0, 2, 3, 1) * found.scale + found.mean
    pixels = {p.tobytes() for p in shown.round().numpy().astype(np.uint8)}
    assert len(pixels) == 5
    assert pixels <= {p.tobytes() for p in data.train.pixels}


def test_series_batches_are_the_windows() -> None:
    values = np.cumsum(np.random.default_rng(0).normal(size=(90, 2)), axis=0)
    dates = (np.datetime64("2000-01", "M") + np.arange(90)).astype("datetime64[D]")
    data = make_series(Table(dates, values, ("a", "b"), 12), {}, ["b"], (60, 75))
    options = ModuleOptions({"window": 5, "horizon": 3}, Augmentation(), 8, 1, 2)
    found = module_of(data, options)
    assert isinstance(found, SeriesModule)
    windows = found.windows
    raw = next(iter(found.train_dataloader()))
    origins = windows.origins["train"][raw["places"].numpy()]
    np.testing.assert_allclose(raw["x"], windows.inputs(origins), rtol=1e-6)
    np.testing.assert_allclose(raw["y"], windows.scaled_changes(origins), rtol=1e-5, atol=1e-6)
    assert found.facts["starts"] == ["2005-01-01", "2006-04-01"]
    assert found.facts["sizes"] == {s: len(o) for s, o in windows.origins.items()}
