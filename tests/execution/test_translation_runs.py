"""Translators as runs: a vocabulary of both languages is kept once and read again as it was."""

from pathlib import Path

import pytest
from safetensors import safe_open

from dlexplain.data.base import DATA, silent
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.params import parse
from dlexplain.services.scoring import evaluate
from dlexplain.services.training import runs as service
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.settings import settings
from tests.translators import SIZES

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


@pytest.mark.parametrize("model", SIZES)
def test_a_shared_vocabulary_is_kept_once_and_scores_the_same(model: str, tmp_path: Path) -> None:
    pairs = [f"{a} {b}\t{b} {a}" for a in WORDS for b in WORDS]
    table = tmp_path / "turned.tsv"
    table.write_text("\n".join(pairs))
    spec = RunSpec(
        task="translate", model=model, data="tsv-pairs", data_params={"path": str(table)},
        task_params={"tokens": "word", "vocabulary": 50, "joint": True, "beam": 1},
        model_params=SIZES[model],
        training={"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "precision": "float32"},
        device="cpu", name=model,
    )  # fmt: skip
    row = inline_queue(settings().home).submit(complete(spec))
    assert row.state == "finished", row.why
    with safe_open(paths.weights_file(settings().home, row.id), "pt") as kept:
        assert "source_embedding.weight" in kept.keys()  # noqa: SIM118, it is no mapping
        assert "target_embedding.weight" not in kept.keys()  # noqa: SIM118
    source = DATA["tsv-pairs"]
    test = source.load(parse(source.Params, {"path": str(table)}), tmp_path, silent).test
    english, german = tmp_path / "test.src", tmp_path / "test.tgt"
    english.write_text("\n".join(test.source))
    german.write_text("\n".join(test.target))
    score = evaluate(row.id, f"{english},{german}")
    run = service.run(row.id)
    assert score.n == len(test)
    for key in ("loss", "bleu"):
        assert score.metrics[key] == pytest.approx(run.metrics[f"test/{key}"], rel=1e-4)
