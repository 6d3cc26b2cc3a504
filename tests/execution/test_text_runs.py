"""Text classifiers as runs: resumed as if never stopped, scored on given data as in their test."""

from pathlib import Path

import pytest

import dlexplain.figures  # noqa: F401, it draws what was found
from dlexplain.data.base import DATA, silent
from dlexplain.data.modules.texts import FILE
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.params import parse
from dlexplain.results import TextTest
from dlexplain.services.scoring import evaluate
from dlexplain.services.training import runs as service
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.test_results import results_of
from dlexplain.settings import settings
from dlexplain.trained.catalogue import trained

MODELS = {
    "lstm-attention": {"embedding": 8, "hidden": 8, "dropout": 0.1},
    "text-cnn": {"embedding": 8, "features": 8, "dropout": 0.1},
    "text-transformer": {"width": 8, "heads": 2, "layers": 1, "dropout": 0.1},
    "minilm": {"rank": 2},
}


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whether a good or a bad word stands among others, which a few labels contradict."""
    file = tmp_path_factory.mktemp("texts") / "texts.csv"
    rows = []
    for n in range(96):
        word = ("bad", "good")[n % 2]
        label = ("no", "yes")[(n + (n % 13 == 0)) % 2]
        rows.append(f"the film number {n % 7} is {word} I say,{label}")
    file.write_text("\n".join(["text,label", *rows]))
    return file


def spec(csv: Path, model: str) -> RunSpec:
    return RunSpec(
        task="classify-text",
        model=model,
        data="csv-texts",
        data_params={"path": str(csv)},
        task_params={"tokeniser": "minilm" if model == "minilm" else "word", "longest": 12},
        model_params=MODELS[model],
        training={
            "epochs": 1 if model == "minilm" else 6, "batch_size": 8, "learning_rate": 0.02,
            "precision": "float32",
        },
        device="cpu",
        name=model,
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_given_data_scores_as_the_runs_own_test(csv: Path, model: str, tmp_path: Path) -> None:
    row = inline_queue(settings().home).submit(complete(spec(csv, model)))
    assert row.state == "finished", row.why
    source = DATA["csv-texts"]
    test = source.load(parse(source.Params, {"path": str(csv)}), tmp_path, silent).test
    given = tmp_path / "given.tsv"
    names = ("no", "yes")
    lines = [f"{text}\t{names[label]}" for text, label in zip(test.texts, test.labels, strict=True)]
    given.write_text("\n".join(lines))
    score = evaluate(row.id, str(given))
    run = service.run(row.id)
    assert score.n == len(test)
    for key in ("accuracy", "f1", "loss"):
        assert score.metrics[key] == pytest.approx(run.metrics[f"test/{key}"], rel=1e-4)
    assert FILE in trained(row.id).files
    found = results_of(run)
    assert isinstance(found, TextTest)
    assert found.classes == names
    assert found.confusion.sum() == len(test)
    figure = found.plot()
    assert "texts" in figure.data[0].hovertemplate
    if model == "minilm":
        weights = paths.weights_file(settings().home, row.id)
        assert weights.stat().st_size < 2e6, "the package's own weights are not kept again"
    else:
        assert run.metrics["test/accuracy"] > 0.8
