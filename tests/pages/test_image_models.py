"""The picture page with finished runs: picker, classes, test pictures, and what stays."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.execution import paths
from dlexplain.services.loading import load
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import settings
from dlexplain.trained.heads import without_head
from dlexplain.trained.zoo import readable_zoo
from tests.finished import ABC, finished_run, states
from tests.own_pictures import save
from tests.pages.test_pages import finished, image_page

QUICK = "saliency,grad-cam"
DEFAULT = "efficientnet-lite0"


def forget_runs() -> None:
    for row in states().all():
        if row.state == "queued":
            states().cancel(row.id)
        states().delete(row.id)


@pytest.fixture(autouse=True)
def _no_other_runs() -> Iterator[None]:
    """What other tests trained would be in the picker too."""
    forget_runs()
    yield
    forget_runs()


def texts(page: AppTest) -> str:
    found = [*page.caption, *page.markdown, *page.subheader]
    return " ".join(element.value.replace("\\", "") for element in found)


def picker(page: AppTest) -> list[str]:
    return [box.label for box in page.selectbox if box.label == "Model"]


def test_the_picker_has_what_comes_trained_and_what_was_trained() -> None:
    page = image_page()
    assert picker(page) == ["Model"]
    first = page.selectbox(key="model").options
    assert first[0] == "EfficientNet-Lite0"
    zoo = [without_head(model.name) for model in readable_zoo(TASK)]
    assert [title.partition(",")[0] for title in first[1:]] == zoo
    run = finished_run(accuracy=0.9612)
    page.run()
    assert page.selectbox(key="model").options == [
        *first,
        f"cnn on digits, accuracy 96.1% (run {run})",
    ]
    assert page.session_state["model"] == DEFAULT


def test_a_run_that_has_just_finished_is_there_and_the_choice_stays() -> None:
    first = finished_run()
    page = image_page(model=first)
    assert page.session_state["model"] == first
    second = finished_run()
    page.run()
    assert page.session_state["model"] == first
    assert len(page.selectbox(key="model").options) == 1 + len(readable_zoo(TASK)) + 2
    states().rename(first, "renamed")
    page.run()
    assert page.session_state["model"] == first
    states().delete(first)
    page.run()
    assert not page.exception
    assert page.session_state["model"] == DEFAULT
    assert second in " ".join(page.selectbox(key="model").options)


def test_an_address_of_a_run_opens_its_test_pictures_and_explains_one() -> None:
    run = finished_run()
    page = finished(image_page(model=run, methods=QUICK))
    assert not page.exception
    assert page.session_state["test"] == f"{run}.0"
    request = page.session_state["answers"].question
    assert (request.model, [ask.method for ask in request.asks]) == (run, QUICK.split(","))
    assert [job.state for job in page.session_state["answers"].jobs] == ["done", "done"]
    assert "five most probable of 6 classes of digits" in texts(page)
    assert page.query_params["model"] == run
    assert page.query_params["test"] == f"{run}.0"


def test_the_page_says_whether_the_model_is_right() -> None:
    run = finished_run(samples=6)
    model = load(LoadedModel, run)
    with np.load(paths.results_file(settings().home, run)) as kept:
        inputs = [model.to_input(p.repeat(3, axis=2)) for p in kept["samples_pixels"]]
        truths = kept["samples_labels"]
    said = [int(model.prepared.logits(x).argmax()) for x in inputs]
    assert set(np.array(said) == truths) <= {True, False}
    page = image_page(model=run, methods="saliency")
    for place, (best, truth) in enumerate(zip(said, truths, strict=True)):
        page.session_state["test"] = f"{run}.{place}"
        page.run()
        words = "right" if best == truth else "wrong"
        assert f"The model is {words}: it is **{ABC[truth]}**." in texts(page)
    finished(page)


def test_changing_the_model_keeps_picture_and_drops_classes_it_lacks() -> None:
    run = finished_run()
    page = finished(
        image_page(sample="coffee", target="espresso", contrast="504", methods="saliency")
    )
    before = page.session_state["answers"].question
    assert (before.model, before.target, before.contrast) == (DEFAULT, 967, 504)
    page.selectbox(key="model").set_value(run).run()
    page = finished(page)
    request = page.session_state["answers"].question
    assert (request.model, request.digest) == (run, before.digest)
    assert page.session_state["target"] is None
    assert page.session_state["contrast"] is None
    assert request.contrast is None
    assert page.session_state["sample"] == "coffee"
    assert "The model is" not in texts(page)
    other = finished_run("resnet9", 3, 32, width=4)
    page.session_state["target"] = "cat"
    page.run()
    page.selectbox(key="model").set_value(other).run()
    page = finished(page)
    assert page.session_state["target"] == "cat"  # which this one has as well
    assert page.session_state["answers"].question.target == 2


def test_a_test_picture_stays_when_the_model_is_changed() -> None:
    run, other = finished_run(), finished_run()
    page = finished(image_page(model=run, test=f"{run}.3", methods="saliency"))
    digest = page.session_state["answers"].question.digest
    for name, owner in ((other, other), (DEFAULT, other), (run, run)):
        page.selectbox(key="model").set_value(name).run()
        page = finished(page)
        request = page.session_state["answers"].question
        assert (request.model, request.digest) == (name, digest)
        assert page.session_state["test"] == f"{owner}.3"
    page.selectbox(key="model").set_value(DEFAULT).run()
    assert "calls it **dog**, a class that this model does not have" in texts(page)
    finished(page)


def test_methods_that_do_not_suit_the_new_model_are_dropped() -> None:
    run = finished_run("airbench", 3, 32, width=8, deep=16)
    page = finished(image_page(sample="coffee", methods="guided-backprop,saliency"))
    page.selectbox(key="model").set_value(run).run()
    page = finished(page)
    assert not page.exception
    assert [ask.method for ask in page.session_state["answers"].question.asks] == ["saliency"]


def test_parameters_start_with_what_suits_the_model() -> None:
    run = finished_run()
    page = finished(image_page(model=run, methods="occlusion"))
    (ask,) = page.session_state["answers"].question.asks
    assert dict(ask.params) == {"window": 2, "stride": 1, "baseline": "black", "seed": 0}
    page.selectbox(key="model").set_value(DEFAULT).run()
    (ask,) = page.session_state["answers"].question.asks
    assert (dict(ask.params)["window"], dict(ask.params)["stride"]) == (32, 16)
    page.session_state["answers"].cancel()
    finished(page)


def test_few_classes_are_all_shown_and_odd_names_are_shown_as_they_are() -> None:
    labels = ("*bold*", "$x$ <b>", ":red[no]")
    run = finished_run(labels=labels, data="picture-folder")
    page = finished(image_page(model=run, methods="saliency"))
    assert "all 3 classes of picture-folder" in texts(page)
    best = page.session_state["answers"].jobs[0].result.target.label
    assert page.subheader[0].value.startswith(
        {
            "*bold*": r"\*bold\*, ",
            "$x$ <b>": r"\$x\$ \<b\>, ",
            ":red[no]": r"\:red\[no\], ",
        }[best]
    )


def test_an_address_that_leads_nowhere_is_told() -> None:
    run = finished_run(samples=2)
    page = image_page(model="nosuchrun")
    assert 'unknown picture classifier "nosuchrun"' in page.warning[0].value
    assert page.session_state["model"] == DEFAULT
    for test in (f"{run}.2", "../../etc.0", f"{run}", f"{run}.x"):
        page = image_page(model=run, test=test, methods="saliency")
        assert f'no test picture "{test}"' in page.warning[0].value
        assert page.session_state["test"] == f"{run}.0"
        finished(page)


def test_a_damaged_run_is_one_sentence_and_another_model_can_be_taken() -> None:
    run = finished_run()
    paths.weights_file(settings().home, run).unlink()
    page = image_page(model=run, sample="coffee", methods="saliency")
    assert not page.exception
    assert [e.value for e in page.error] == [
        f"run {run} has no model.safetensors; only a whole run is a model"
    ]
    page.selectbox(key="model").set_value(DEFAULT).run()
    assert not page.error
    finished(page)


def test_a_run_that_kept_no_pictures_offers_none() -> None:
    run = finished_run(samples=0)
    page = image_page(model=run)
    (sources,) = [b for b in page.segmented_control if b.label == "Picture from"]
    assert [option.split()[-1] for option in sources.options] == ["Upload", "Camera", "Samples"]


@pytest.mark.parametrize("told", ["is damaged", "so it is no model's folder"])
def test_a_damaged_model_and_a_folder_in_the_address_are_told(
    told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told == "is damaged":
        shutil.copytree(paths.zoo_folder() / "digits-cnn", tmp_path / "digits-cnn")
        paths.card_in(tmp_path / "digits-cnn").write_text("[]")
        monkeypatch.setattr(paths, "zoo_folder", lambda: tmp_path)
        model = "digits-cnn"
    else:
        model = str(paths.run_folder(settings().home, finished_run()))
    page = image_page(model=model)
    assert not page.exception
    assert told in page.warning[0].value
    assert page.session_state["model"] == DEFAULT


def test_a_users_own_folder_is_classified_and_explained_its_labels_shown_literally(
    tmp_path: Path,
) -> None:
    save("vit", tmp_path / "mine")
    page = finished(image_page(model=str(tmp_path / "mine"), sample="coffee", methods=QUICK))
    assert not page.exception
    assert [job.state for job in page.session_state["answers"].jobs] == ["done", "done"]
    assert page.session_state["fit"] == "squash"  # as its own processor does
    assert page.session_state["answers"].jobs[0].result.fit == "squash"
    shown = [element.value for element in page.subheader]
    assert not any("<b>" in text for text in shown)
    page.selectbox(key="model").set_value(DEFAULT).run()
    assert page.session_state["fit"] == "crop"


def test_a_model_of_several_heads_stands_once_and_its_head_is_chosen() -> None:
    page = image_page(model="mnist-multitask:even")
    assert page.session_state["model"] == "mnist-multitask:digit"
    head = page.selectbox(key="model-head")
    assert head.options == ["digit", "even", "larger-than-four"]
    assert head.value == "mnist-multitask:even"
    listed = page.selectbox(key="model").options
    assert sum("mnist-multitask" in title for title in listed) == 1
    assert "mnist-multitask, with heads digit/even/larger-than-four (zoo)" in listed
    others = page.selectbox(key="beside").options
    assert any(title.startswith("mnist-multitask:digit") for title in others)
    assert not any(title.startswith("mnist-multitask:even") for title in others)
    page.selectbox(key="model").select_index(0).run()
    assert not [box for box in page.selectbox if box.label == "Head"]
