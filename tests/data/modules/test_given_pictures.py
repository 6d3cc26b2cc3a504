"""Pictures given to a trained classifier: as its own test had them, whatever their order."""

import zipfile
from pathlib import Path

import lightning.pytorch as L
import numpy as np
import pytest
import torch
from PIL import Image

from dlexplain.data.base import Augmentation, PictureData, Pictures
from dlexplain.data.modules.base import GIVEN
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.errors import DataError
from dlexplain.networks.base import PictureShape
from dlexplain.networks.cnn import Params as CNNParams
from dlexplain.networks.modules.cnn import ArticleCNN
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.classify_image import Params
from dlexplain.tasks.modules.classify_image import ClassifyImage
from tests.tasks.making import make

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
]
CLASSES = ("owl", "cat", "dog")
SIDE = 8


def some(count: int, channels: int) -> Pictures:
    generator = np.random.default_rng(count)
    pixels = generator.integers(0, 256, (count, SIDE, SIDE, channels), np.uint8)
    return Pictures(pixels, np.arange(count, dtype=np.int64) % len(CLASSES))


def trained_on(channels: int) -> PictureModule:
    data = PictureData(some(40, channels), some(12, channels), some(30, channels), CLASSES, "d")
    return PictureModule(data, Augmentation(), 8, seed=1, epochs=1)


def packed(
    path: Path, pictures: Pictures, above: str = "", names: tuple[str, ...] = CLASSES
) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for place, (pixels, label) in enumerate(zip(pictures.pixels, pictures.labels, strict=True)):
            file = path.with_name("one.png")
            Image.fromarray(pixels.repeat(3 // pixels.shape[2], 2)).save(file)
            archive.write(file, f"{above}{names[label]}/{place:03d}.png")
    return str(path)


def _trainer() -> L.Trainer:
    return L.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_pictures_give_the_tests_own_figures(channels: int, tmp_path: Path) -> None:
    own = trained_on(channels)
    torch.manual_seed(0)
    network = ArticleCNN(
        PictureShape(channels, SIDE, len(CLASSES)), parse(CNNParams, {"width": 4, "blocks": 2})
    )
    given = GIVEN["classify-image"](
        packed(tmp_path / "test.zip", some(30, channels), "test/"), own.facts, {}, {}
    )
    assert given.facts["sizes"]["test"] == 30
    assert {k: v for k, v in given.facts.items() if k != "sizes"} == {
        k: v for k, v in own.facts.items() if k != "sizes"
    }
    figures = []
    for data in (own, given):
        module = ClassifyImage(network, data.facts, Params(), Training(), 1)
        (logged,) = _trainer().test(module, datamodule=data, verbose=False)
        metrics, arrays = module.results()
        figures.append((logged["test/loss"], metrics["test/accuracy"], arrays["confusion"]))
    assert figures[1][0] == pytest.approx(figures[0][0], rel=1e-5)
    assert figures[1][1] == figures[0][1]
    np.testing.assert_array_equal(figures[1][2], figures[0][2])


def test_some_of_the_classes_are_enough(tmp_path: Path) -> None:
    pictures = Pictures(some(4, 3).pixels, np.zeros(4, np.int64))
    path = packed(tmp_path / "some.zip", pictures, names=("dog",))
    given = GIVEN["classify-image"](path, trained_on(3).facts, {}, {})
    batch = next(iter(given.test_dataloader()))
    assert batch["labels"].tolist() == [2] * 4


def test_only_the_part_for_testing_is_scored(tmp_path: Path) -> None:
    for part, count in (("train", 9), ("test", 6)):
        packed(tmp_path / f"{part}.zip", some(count, 3))
    given = GIVEN["classify-image"](str(tmp_path), trained_on(3).facts, {}, {})
    assert given.facts["sizes"]["test"] == 6


def test_what_cannot_be_scored_is_said(tmp_path: Path) -> None:
    facts = trained_on(3).facts
    path = packed(tmp_path / "other.zip", some(6, 3), names=("owl", "cat", "cow"))
    with pytest.raises(DataError, match='folder "cow", which is no class .* owl, cat, dog are'):
        GIVEN["classify-image"](path, facts, {}, {})
    with pytest.raises(DataError, match="is not there"):
        GIVEN["classify-image"](str(tmp_path / "nowhere"), facts, {}, {})
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no picture in a class-named folder"):
        GIVEN["classify-image"](str(tmp_path / "empty"), facts, {}, {})


@pytest.mark.parametrize(
    ("task", "model"), [("autoencode", "conv-autoencoder"), ("vae", "vae"), ("gan", "dcgan")]
)
def test_models_that_make_pictures_are_scored_on_any(task: str, model: str, tmp_path: Path) -> None:
    """The test's own pictures give its own figures."""
    own = trained_on(1)
    pictures = some(30, 1)
    names = ("x", "y", "z")
    given = GIVEN[task](packed(tmp_path / "a.zip", pictures, names=names), own.facts, {}, {})
    assert given.facts["sizes"]["test"] == 30
    figures = []
    for data in (own, given):
        # Folders come class by class: what is drawn for a picture may be another's.
        module = make(task, model, own, {"latent": 4}, {"samples": 100} if task == "gan" else {})
        module.prepare(own)
        (logged,) = _trainer().test(module, datamodule=data, verbose=False) or ({},)
        figures.append(logged | module.results()[0])
    assert set(figures[0]) == set(figures[1])
    for key, value in figures[0].items():
        assert figures[1][key] == pytest.approx(value, rel=0.02 if task == "vae" else 1e-4), key
