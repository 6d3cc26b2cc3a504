"""The page on boxes and regions: without a model, with one's own, and what it says to bad input."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain as dx
from dlexplain.data.samples import sample_path
from tests.own_objects import save
from tests.pages.test_pages import finished

PAGE = str(Path(__file__).parents[2] / "pages/explain/8_objects.py")
PICTURE = str(sample_path("coffee"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    found = {}
    for kind in ("yolos", "segformer"):
        folder = tmp_path_factory.mktemp("own") / kind
        save(kind, folder)
        found[kind] = str(folder)
    return found


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def texts(page: AppTest) -> str:
    found = [*page.caption, *page.markdown, *page.subheader]
    return " ".join(element.value.replace("\\", "") for element in found)


@pytest.mark.parametrize(
    ("view", "told", "code"),
    [
        ("boxes", "No object detector comes along", "AutoModelForObjectDetection"),
        ("regions", "No semantic segmenter comes along", "AutoModelForSemanticSegmentation"),
    ],
)
def test_without_a_model_it_says_how_to_get_one(view: str, told: str, code: str) -> None:
    page = opened(view=view)
    assert not page.exception
    assert told in page.info[0].value
    assert code in page.code[0].value
    assert len(page.text_input) == 1  # the folder's


def test_a_detector_is_brought_and_its_box_explained(folders: dict[str, str]) -> None:
    page = opened(sample="coffee")
    page.text_input(key="own-detect-objects-model").input(folders["yolos"]).run()
    assert not page.exception
    assert not page.error
    page = finished(page)
    boxes = dx.predict(dx.load(folders["yolos"]), PICTURE).boxes
    assert page.selectbox(key="box").options == [box.label for box in boxes]
    best = boxes[0].score
    assert page.subheader[0].value.replace("\\", "").startswith(f"{best.name.label}, ")
    jobs = page.session_state["answers"].jobs
    assert [job.state for job in jobs] == ["done"] * 3
    found = jobs[0].result
    assert (found.method, found.part, found.target) == ("grad-cam", "box 1", best.name)
    expected = dx.explain(dx.load(folders["yolos"]), PICTURE, "grad-cam", box=1)
    assert found.values == pytest.approx(expected.values, abs=1e-6)
    page.selectbox(key="box").set_value(2).run()
    page = finished(page)
    assert page.session_state["answers"].jobs[0].result.part == "box 2"
    assert "in box 2" in texts(page)
    for key, value in {"view": "boxes", "model": folders["yolos"], "box": "2"}.items():
        assert page.query_params[key] == value
    again = finished(opened(**dict(page.query_params.items())))
    assert again.selectbox(key="box").value == 2
    assert again.session_state["answers"].question == page.session_state["answers"].question


def test_where_no_box_is_probable_enough_it_says_what_the_best_is(folders: dict[str, str]) -> None:
    page = opened(sample="coffee", model=folders["yolos"], threshold="99")
    assert not page.exception
    (told,) = [info.value.replace("\\", "") for info in page.info]
    best = dx.predict(dx.load(folders["yolos"]), PICTURE).boxes[0].score
    assert told.startswith(
        f"No box reaches 99%. The most probable is {best.name.label}, {best.text}"
    )
    assert "answers" not in page.session_state
    page.slider(key="threshold").set_value(10).run()
    assert not page.exception
    finished(page)
    assert page.query_params["threshold"] == "10"


def test_a_segmenters_region_is_explained(folders: dict[str, str]) -> None:
    page = finished(
        opened(view="regions", sample="coffee", model=folders["segformer"], methods="saliency")
    )
    assert not page.exception
    regions = dx.predict(dx.load(folders["segformer"]), PICTURE).regions
    assert page.selectbox(key="region").options == [region.label for region in regions]
    found = page.session_state["answers"].jobs[0].result
    largest = regions[0].name
    assert (found.target, found.part) == (largest, f"the region of {largest.label}")
    other = regions[1].name
    page.selectbox(key="region").set_value(other.index).run()
    page = finished(page)
    found = page.session_state["answers"].jobs[0].result
    assert (found.target, found.part) == (other, f"the region of {other.label}")
    assert page.query_params["region"] == str(other.index)


def test_d_rise_is_offered_for_boxes_and_not_for_regions(folders: dict[str, str]) -> None:
    page = opened(sample="coffee", model=folders["yolos"], methods="saliency")
    assert "D-RISE" in page.multiselect(key="methods").options
    finished(page)
    page = opened(
        view="regions", sample="coffee", model=folders["segformer"], methods="saliency,d-rise"
    )
    assert "D-RISE" not in page.multiselect(key="methods").options
    assert "d-rise; the methods that this model allows" in page.warning[0].value
    finished(page)


def test_a_model_of_the_other_kind_is_one_sentence(folders: dict[str, str]) -> None:
    page = opened()
    page.text_input(key="own-detect-objects-model").input(folders["segformer"]).run()
    assert not page.exception
    (error,) = page.error
    told = error.value.replace("\\", "")
    assert "is SegformerForSemanticSegmentation; an object detector is accepted" in told
    assert "No object detector comes along" in page.info[0].value


@pytest.mark.parametrize(
    "wrong", [{"view": "cubes"}, {"threshold": "200"}, {"box": "first"}, {"box": "999"}]
)
def test_an_address_that_asks_for_what_is_not_there(
    wrong: dict[str, str], folders: dict[str, str]
) -> None:
    page = opened(sample="coffee", model=folders["yolos"], methods="saliency", **wrong)
    assert not page.exception
    assert page.selectbox(key="box").value == 1
    assert len(page.warning) == (0 if wrong == {"box": "999"} else 1)
    finished(page)
