"""The page of layers: each view shows the model's own numbers, and says what is wrong."""

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.execution import paths
from dlexplain.results import Rectangle
from dlexplain.services.layers.cell_steps import cell_step
from dlexplain.services.layers.feature_maps import feature_maps
from dlexplain.services.layers.head_steps import head_step
from dlexplain.services.layers.listing import layers
from dlexplain.services.layers.receptive_fields import receptive_field
from dlexplain.services.layers.stepping import step_through
from dlexplain.services.pictures.sets import one_of_each
from dlexplain.settings import settings
from dlexplain.trained.catalogue import find
from dlexplain.ui.layers.field import half_of, strongest
from tests.bad_pictures import BAD_PICTURES
from tests.data.test_cifar10 import PER_FILE, binary, folder
from tests.finished import finished_run, states

PAGE = str(Path(__file__).parents[2] / "pages/inside/1_layers.py")
DIGITS = "digits-cnn"
TEXT = "the company said it expects a loss"


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def ended(page: AppTest, slot: str, seconds: float = 60) -> AppTest:
    """Run again until the job is done, as the page's fragment does by itself."""
    stop = time.monotonic() + seconds
    while page.session_state[slot].job.active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def said(page: AppTest) -> str:
    found = [*page.markdown, *page.caption, *page.info, *page.subheader]
    return " ".join(element.value for element in found)


def test_it_begins_with_the_architecture_of_imagenets_model() -> None:
    page = opened()
    assert [(m.label, m.value) for m in page.metric] == [
        ("Parameters", "4.65 million"),
        ("Multiply-adds", "385 million"),
        ("Layers", "142"),
        ("Input", "3 × 224 × 224"),
    ]
    table = page.dataframe[0].value
    assert table["Parameters"].sum() == 4_652_008
    assert table["Of the cost"].sum() == pytest.approx(1)
    assert html(page).count("<img") == 32  # the first filters
    (graph,) = page.get("graphviz_chart")
    assert '"stem.relu" -> "blocks.0"' in graph.proto.spec
    page.segmented_control(key="layers-graph").set_value("layers").run()
    (graph,) = page.get("graphviz_chart")
    assert '"blocks.1.project.norm" -> "blocks.2"' in graph.proto.spec


def test_feature_maps_of_a_picture_of_its_data() -> None:
    page = opened(view="feature-maps", model=DIGITS)  # as the page names it
    assert page.query_params["view"] in ("maps", ["maps"])
    picture = one_of_each(find(DIGITS))[3].picture
    maps = feature_maps(DIGITS, picture, "features.2")
    assert html(page).count("<img") == 16
    first = int(maps.order[0])
    assert f"channel {first}: mean {maps.means[first]:.3g}" in html(page)
    assert page.query_params["channel"] in (str(first), [str(first)])
    assert page.query_params["example"] in ("3", ["3"])
    page.select_slider(key="layers-shown").set_value(64).run()
    assert html(page).count("<img") == 32  # all that there are
    page.selectbox(key="layers-layer").set_value("features.6").run()
    assert "**features.6**: 64 channels of 4 × 4" in said(page)


def test_a_layer_of_units_has_bars_with_the_classes() -> None:
    page = opened(view="maps", model=DIGITS, layer="classifier.3", example="7")
    assert "**classifier.3** has no places: 10 units" in said(page)
    (bars,) = page.get("plotly_chart")
    assert '"7"' in bars.proto.spec


def test_the_address_has_the_unit_and_gives_it_back() -> None:
    query = {"view": "field", "model": DIGITS, "example": "2", "layer": "features.6",
             "channel": "5", "row": "1", "column": "3"}  # fmt: skip
    page = opened(**query)
    assert "row 1, column 3 of channel 5" in said(page)
    assert "so does the gradient" in said(page)
    kept = {key: v[0] if isinstance(v, list) else v for key, v in page.query_params.items()}
    assert kept == query


def test_another_channel_begins_where_it_is_most_active() -> None:
    page = opened(view="steps", model=DIGITS, example="2", layer="features.4", channel="5")
    picture = one_of_each(find(DIGITS))[2].picture
    values = feature_maps(DIGITS, picture, "features.4").values
    for channel in (5, 9):
        page.number_input(key="layers-channel").set_value(channel).run()
        row, column = np.unravel_index(int(values[channel].argmax()), (4, 4))
        kept = [page.number_input(key=f"layers-{part}").value for part in ("row", "column")]
        assert kept == [row, column]
    assert "Of 32 input channels the 4 that add most, either way, come first." in said(page)


def test_a_field_begins_in_the_middle_of_a_middle_layer() -> None:
    page = opened(view="field", model="mnist-cnn", example="2")
    assert page.session_state["layers-layer"] == "features.6"  # the second of three ReLUs
    assert "The unit at row 7, column 7 of channel" in said(page)
    page.selectbox(key="layers-layer").set_value("features.9").run()
    assert "The unit at row 3, column 3 of channel" in said(page)


def test_a_layer_that_nobody_chose_is_the_next_views_own() -> None:
    page = opened(view="maps", model="mnist-cnn")
    assert page.session_state["layers-layer"] == "features.2"
    page.segmented_control(key="layers-view").set_value("channel").run()
    assert page.session_state["layers-layer"] == "features.6"
    page.selectbox(key="layers-layer").set_value("features.10").run()
    page.segmented_control(key="layers-view").set_value("maps").run()
    assert page.session_state["layers-layer"] == "features.10"
    page = opened(view="maps", model="efficientnet-lite0", sample="coffee", layer="blocks.0")
    assert page.session_state["layers-layer"] == "blocks.0.project.norm"


def test_half_of_a_field_is_counted_in_its_pixels() -> None:
    strengths = np.zeros((100, 100), np.float32)
    strengths[0, :4] = 1
    assert half_of(strengths, Rectangle(0, 0, 9, 9)) == "2 of the field's 100 pixels (2%)"
    whole = half_of(np.ones((100, 100), np.float32), Rectangle(0, 0, 99, 99))
    assert whole == "5,000 of the field's 10,000 pixels (50%)"


def test_a_field_begins_at_a_unit_that_is_active() -> None:
    values = np.zeros((3, 5, 5), np.float32)
    values[1, 0, 4] = 2
    assert strongest(values) == 1
    values[2, 2, 2] = 1
    assert strongest(values) == 2
    page = opened(view="field", model=DIGITS)
    place = [page.session_state[f"layers-{part}"] for part in ("channel", "row", "column")]
    picture = one_of_each(find(DIGITS))[3].picture
    layer = page.session_state["layers-layer"]
    assert feature_maps(DIGITS, picture, layer).values[tuple(place)] > 0
    before = receptive_field(DIGITS, layer, *place[1:], channel=place[0], picture=picture).measured
    assert before != layer
    assert f"the gradient of the value before the activation function, of {before}," in said(page)


def test_what_is_wrong_with_an_address_outlives_the_end_of_a_job() -> None:
    app = f"""
import runpy
from dlexplain.ui.live import following
with following():
    runpy.run_path({PAGE!r})
"""
    page = AppTest.from_string(app, default_timeout=60)  # as app.py runs it: waiting for the job
    query = {"view": "channel", "model": DIGITS, "layer": "nope", "channel": "9999"}
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.session_state["layers-top"].job.active
    warned = " ".join(warning.value for warning in page.warning)
    assert 'no layer "nope"' in warned
    assert 'channel is "9999"' in warned
    page.number_input(key="layers-channel").set_value(1).run()
    assert not page.warning


def test_the_numbers_of_a_step_are_the_models() -> None:
    page = opened(view="steps", model=DIGITS, example="3", layer="features.4", channel="6",
                  row="2", column="1")  # fmt: skip
    picture = one_of_each(find(DIGITS))[3].picture
    found = step_through(DIGITS, picture, "features.4", 6, 2, 1)
    for step in (found.convolution, *found.stages):
        assert f"{step.value:.4g}".replace("-", "−") in said(page) + html(page)
    assert html(page).count("white-space:nowrap") == 4 + 1  # patch, kernel and number together
    assert html(page).count("<table") == 2 * 4 + 1  # four channels written out, and the pooling
    assert "The other 28 channels" in said(page)
    assert [title.value for title in page.subheader] == [
        "1. Convolution", "2. Norm", "3. Activation", "4. Pooling",
    ]  # fmt: skip


def test_a_channels_pictures_are_searched_and_its_best_one_made() -> None:
    page = ended(opened(view="channel", model=DIGITS, layer="features.6", channel="3"),
                 "layers-top")  # fmt: skip
    found = page.session_state["layers-top"].job.result
    assert len(found.best) == 12
    assert html(page).count("<img") == 12
    assert "Of 359: Digits, 8 × 8, grey: test pictures" in said(page)
    assert f"{found.best[0].activation:.3g}, mean {found.best[0].mean:.3g}" in html(page)
    assert "then its mean over all places of features.6" in said(page)
    page.number_input(key="param-layers-maximised-steps").set_value(60).run()
    page.button(key="layers-make").click().run()
    page = ended(page, "layers-maximised")
    made = page.session_state["layers-maximised"].job.result
    assert made.activation > made.noise.max()
    told = f"The channel's mean over all places is **{made.activation:.3g}** on this picture"
    assert told in said(page)
    assert "not clearly above" not in said(page)
    page.number_input(key="layers-channel").set_value(4).run()
    assert "Below is channel 3 of features.6" in said(page)


def test_where_the_models_data_lies_is_asked_once_for_all_views(tmp_path: Path) -> None:
    page = ended(opened(view="channel", model="cifar10-cnn", layer="features.2"), "layers-top")
    assert list(page.session_state["layers-set-of"]) == ["photographs"]
    assert "CIFAR-10 is not here: a run fetches it once from" in said(page)
    (tmp_path / "other").mkdir()
    page.text_input(key="data-path-cifar10").set_value(str(tmp_path / "other")).run()
    assert not page.exception
    assert str(tmp_path / "other") in page.error[0].value
    path = folder(tmp_path / "bin", binary())
    page.text_input(key="data-path-cifar10").set_value(str(path)).run()
    ended(page, "layers-top")
    assert page.session_state["layers-set"] == "data"
    assert f"Of {PER_FILE}: CIFAR-10" in said(page)
    page.segmented_control(key="layers-view").set_value("maps").run()
    assert not page.exception
    assert [pill.label for pill in page.pills if pill.key == "layers-example"]


def test_a_picture_that_is_no_better_than_noise_is_told() -> None:
    page = opened(view="channel", model="mnist-cnn", layer="features.2", channel="0")
    page.number_input(key="param-layers-maximised-steps").set_value(20).run()
    page.button(key="layers-make").click().run()
    page = ended(page, "layers-maximised")
    assert "not clearly above random pixels" in said(page)
    assert "choose the unit in the middle instead" in said(page)


def test_making_a_picture_can_be_cancelled() -> None:
    page = opened(view="channel", model=DIGITS, layer="features.6", channel="3")
    page.number_input(key="param-layers-maximised-steps").set_value(4000).run()
    page.button(key="layers-make").click().run()
    job = page.session_state["layers-maximised"].job
    job.cancel()
    page = ended(page, "layers-maximised")
    assert job.state == "cancelled"
    assert "Cancelled." in said(page)


@pytest.mark.parametrize("name", ["ptb-rnn", "ptb-lstm", "ptb-gru"])
def test_a_cell_in_numbers(name: str) -> None:
    page = opened(view="cell", reader=name, text=TEXT, token="4", unit="7")
    found = cell_step(name, TEXT, 4, 0, 7)
    assert f"**{found.after['hidden']:.4g}**".replace("-", "−") in said(page)
    for gate in found.gates:
        assert f"**{gate.value:.4g}**".replace("-", "−") in said(page)
    assert len(page.dataframe) == len(found.gates)
    assert ":blue-background[expects]" in said(page)


def test_a_head_in_numbers() -> None:
    page = opened(view="head", reader="ptb-transformer", text=TEXT, token="3", head="1")
    found = head_step("ptb-transformer", TEXT, 0, 1, 3)
    table = page.dataframe[0].value
    np.testing.assert_allclose(table["Weight a"], found.weights[:4])
    np.testing.assert_allclose(table["q · k"], found.products[:4])
    assert "4 tokens that are still to come" in said(page)
    page.selectbox(key="layers-head-model").set_value("sst2-transformer").run()
    assert not page.exception


@pytest.mark.parametrize("text", ["", "  \n ", "猫", "\x00\x07", "🐈‍⬛", "<b>a</b>"])
@pytest.mark.parametrize("view", ["cell", "head"])
def test_hard_texts_are_read_or_refused_in_one_sentence(view: str, text: str) -> None:
    page = opened(view=view, reader="ptb-rnn" if view == "cell" else "sst2-transformer")
    page.text_area(key=f"layers-{view}-text").set_value(text).run()
    assert not page.exception
    assert all("\n" not in error.value and "Error" not in error.value for error in page.error)
    if not text.strip():
        assert len(page.error) == 1


def test_an_address_that_asks_for_what_is_not_there_is_told() -> None:
    page = opened(view="field", model=DIGITS, layer="conv9", channel="99", row="-1", example="x")
    warned = " ".join(warning.value for warning in page.warning)
    for part in ('no layer "conv9"; known: features.0', 'channel is "99"; it takes a whole number',
                 'row is "-1"', 'example is "x"'):  # fmt: skip
        assert part in warned
    page = opened(view="dream", model="gpt")
    warned = " ".join(warning.value for warning in page.warning)
    told = 'no view "dream" here; there are Architecture, Feature maps, A channel, Receptive'
    assert told in warned
    assert 'unknown picture classifier "gpt"' in warned
    assert not page.error


@pytest.mark.parametrize("kind", sorted(BAD_PICTURES)[:4])
def test_a_bad_picture_is_told(kind: str) -> None:
    page = opened(view="maps", model=DIGITS, sample="chelsea")
    page.segmented_control(key="source").set_value("Upload").run()
    assert "Drop a picture above" in said(page)
    _, data = BAD_PICTURES[kind]()
    page.file_uploader(key="uploads").set_value([("bad.png", data, "image/png")]).run()
    assert not page.exception
    assert len(page.error) == 1


def test_every_layer_of_a_residual_model_is_drawn() -> None:
    page = opened(view="maps", model="cifar10-resnet", sample="coffee", layer="stages.1")
    assert "channels of 16 × 16" in said(page)
    names = [layer.name for layer in layers("cifar10-resnet").layers]
    assert len(page.selectbox(key="layers-layer").options) == len(names)


def test_a_finished_run_is_taken_apart_and_a_damaged_one_told() -> None:
    run = finished_run()
    page = opened(view="channel", model=run, layer="features.2")
    page = ended(page, "layers-top")
    sets = page.selectbox(key="layers-set").options
    assert sets[1] == "the 6 test pictures that the run has kept"
    page.selectbox(key="layers-set").set_value("kept").run()
    page = ended(page, "layers-top")
    assert len(page.session_state["layers-top"].job.result.best) == 6
    damaged = finished_run()
    paths.weights_file(settings().home, damaged).write_bytes(b"no weights")
    page = opened(model=damaged)
    assert len(page.error) == 1
    assert "cannot be read" in page.error[0].value
    for row in states().all():
        states().delete(row.id)
