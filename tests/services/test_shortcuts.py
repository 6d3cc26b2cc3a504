"""The lab finds the planted mark, and says what it has not found."""

import numpy as np
import pytest

from dlexplain.errors import BadInput, SpecError, UnknownName
from dlexplain.results.words import wilson
from dlexplain.services.explaining import infos_for
from dlexplain.services.quality.lab import LABS, planted_params, shortcut_run, shortcut_runs
from dlexplain.services.quality.marked import MarkedCase, class_scores, turned_of
from dlexplain.services.quality.marked_series import MarkedSeries
from dlexplain.services.quality.shortcuts import mass_in, measure_shortcut
from dlexplain.services.training.catalogue import RunSpec, complete, shortcut_params
from dlexplain.services.training.presets import is_quick, preset
from tests.shortcut_runs import marked_economy, marked_shapes, marked_tweets
from tests.trained import digits_run


def test_scores_by_hand() -> None:
    labels, clean, marked = (
        np.array(x) for x in ([0, 0, 1, 1, 2], [0, 1, 1, 0, 2], [0, 0, 0, 0, 2])
    )
    found = {one.key: one for one in class_scores(clean, marked, labels, 0, "zero", "Pictures")}
    assert [found[key].value for key in ("clean", "marked", "called-clean", "called")] == [
        pytest.approx(share) for share in (3 / 5, 3 / 5, 1 / 3, 2 / 3)
    ]
    assert (found["called"].low, found["called"].high) == wilson(2 / 3, 3)
    assert turned_of(clean, marked, labels, 0).tolist() == [2]


def test_the_mass_of_a_map_by_hand() -> None:
    mask = np.array([[True, False], [False, False]])
    case = MarkedCase("", "", "", mask, lambda method, progress: None)
    values = np.array([[3.0, 1.0], [-2.0, 0.0]])
    assert mass_in(values, True, case) == pytest.approx(3 / 4)
    assert mass_in(values, False, case) == pytest.approx(3 / 6)
    # Channels are joined: summed where there is a sign.
    assert mass_in(np.stack([values, values]), True, case) == pytest.approx(3 / 4)
    down = MarkedCase("", "", "", mask, lambda method, progress: None, sign=-1)
    assert mass_in(values, True, down) == 0.0
    assert mass_in(-values, True, down) == pytest.approx(3 / 4)
    assert mass_in(-np.abs(values), True, case) is None


def test_pictures() -> None:
    run = marked_shapes()
    found = measure_shortcut(run, 4, ["integrated-gradients", "occlusion"])
    scores = {score.key: score for score in found.scores}
    assert scores["marked"].value < 0.25  # of five classes all are called one
    assert scores["called"].value > 0.9
    assert scores["called-clean"].value < 0.1
    assert found.turned > 0.8 * found.against
    assert found.chance == pytest.approx(9 / 256)
    assert {one.method for one in found.methods} == {"integrated-gradients", "occlusion"}
    assert found.methods[0].mean > 4 * found.chance
    assert found.methods[0].mean >= found.methods[1].mean
    for one in found.methods:
        assert one.values.mean() == pytest.approx(one.mean)
        assert one.low <= one.mean <= one.high
    assert found.planted == (
        "a magenta square in the bottom right corner that is in 95% of the "
        "training pictures of circle"
    )
    assert all(example.after == "circle" != example.before for example in found.examples)
    assert len(found.rows()) == 2 * 4
    assert found.to_dict()["methods"][0]["values"] == found.methods[0].values.tolist()
    again = measure_shortcut(run, 4, ["occlusion"])
    assert again.names == found.names


def test_texts_of_which_the_truth_is_the_word() -> None:
    found = measure_shortcut(marked_tweets(), 3, ["integrated-gradients"])
    assert {score.key: score.value for score in found.scores}["called"] > 0.9
    for example in found.examples:
        words = np.array(example.maps["integrated-gradients"].tokens)
        assert words[example.mask].tolist() == ["zephyr"]
    assert found.methods[0].mean > 0.8


def test_series_whose_spike_lies() -> None:
    found = measure_shortcut(marked_economy(), 5, ["integrated-gradients", "shapley-values"])
    scores = {score.key: score.value for score in found.scores}
    assert scores["marked"] < scores["clean"] < scores["against"]
    assert scores["called"] > scores["called-clean"]
    (one,) = found.methods
    assert one.mean > 10 * found.chance
    assert found.chance == pytest.approx(1 / 48)
    assert len(found.refused) == 1
    assert found.refused[0].startswith("Shapley Values (exact): 48 parts")
    for example in found.examples:
        explained = example.maps["integrated-gradients"]
        # What the method saw has the spike where the mask is.
        assert np.abs(explained.inputs[example.mask]).tolist() == [4.0]
        assert np.argwhere(example.mask).tolist() == [[4, explained.names.index("tbilrate")]]


def test_a_spike_changes_one_value_of_the_series() -> None:
    from dlexplain.data.shortcuts import Shortcut
    from dlexplain.explainers.progress import Progress
    from dlexplain.params import parse
    from dlexplain.trained.catalogue import trained

    found = trained(marked_economy())
    marked = MarkedSeries.of(found, parse(Shortcut, found.spec.shortcut), Progress())
    row = int(marked.origins[0])
    planted = marked._planted(row, True)
    changed = np.argwhere(planted.data.inputs != marked.given.data.inputs)
    assert changed.tolist() == [[row - 3, marked.given.data.names.index("tbilrate")]]
    assert planted.digest != marked.given.digest


def test_a_tint_is_everywhere_so_only_the_scores_are_told() -> None:
    found = measure_shortcut(marked_shapes("colour"), 3)
    assert found.methods == ()
    assert found.chance == 1.0
    assert "in every pixel" in found.notes[0]
    assert {score.key for score in found.scores} == {"clean", "marked", "called-clean", "called"}


def test_what_cannot_be_measured_is_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"no shortcut is planted in run .*; train one with"):
        measure_shortcut(digits_run())
    with pytest.raises(BadInput, match="examples is 2; it takes a whole number from 3 to 200"):
        measure_shortcut(marked_shapes(), 2)
    with pytest.raises(UnknownName, match='unknown method "gradcam" for this model.*"grad-cam"'):
        measure_shortcut(marked_shapes(), 3, ["gradcam"])


def test_a_model_that_has_not_learnt_the_shortcut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlexplain.services.quality import marked_pictures

    none = property(lambda self: np.empty(0, np.int64))
    monkeypatch.setattr(marked_pictures.MarkedPictures, "turned", none)
    found = measure_shortcut(marked_shapes(), 3)
    assert found.methods == ()
    assert found.notes[0].startswith("The mark turns the answer of 0 of ")
    assert "has not learnt the shortcut" in found.notes[0]
    assert len(found.scores) == 4


def test_runs_of_the_lab_are_found() -> None:
    run, plain = marked_shapes(), digits_run()
    assert run in [record.id for record in shortcut_runs("classify-image")]
    assert plain not in [record.id for record in shortcut_runs()]
    assert shortcut_run(run[:6]).id == run
    with pytest.raises(UnknownName, match="no run with a planted shortcut"):
        shortcut_run(plain)


@pytest.mark.parametrize("lab", LABS.values(), ids=LABS.keys())
def test_presets_are_quick_and_say_what_they_plant(lab) -> None:  # type: ignore[no-untyped-def]
    spec = preset(lab.preset)
    assert spec.task == lab.task
    assert spec.shortcut["kind"] in lab.plants
    assert is_quick(lab.preset)
    assert set(planted_params(lab.plants[0])) < set(shortcut_params(lab.task))
    assert not spec.training["keep_best"]


def test_a_run_without_a_shortcut_says_nothing_of_one() -> None:
    spec = RunSpec(task="classify-image", model="cnn", data="digits")
    assert complete(spec).shortcut == {}
    planted = complete(RunSpec(**{**vars(spec), "shortcut": {"kind": "mark"}}))
    assert planted.shortcut["marked_share"] == 0.95
    assert RunSpec.from_json(planted.to_json()) == planted
    with pytest.raises(SpecError, match='shortcut: kind is "spike"'):
        complete(RunSpec(**{**vars(spec), "shortcut": {"kind": "spike"}}))
    assert shortcut_params("gan") == {}


def test_fine_parts_are_known_parameters() -> None:
    known = {key for info in infos_for("series") for key in info.params}
    assert {"block", "length"} <= known
