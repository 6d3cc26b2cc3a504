"""The page Compress: it says what to do, shows what is there, measures, makes and exports."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain.services.compress.measuring as service
import dlexplain.services.compress.shipped as shipping
import dlexplain.services.compress.sweeping as sweeping
from dlexplain.execution import paths
from dlexplain.explainers.progress import Progress
from dlexplain.results.compression import Compression
from dlexplain.services.compress.sweeping import sweep_specs
from dlexplain.services.training import runs as training
from dlexplain.services.training.compressing import compression_spec
from dlexplain.trained.catalogue import trained
from tests.compressed import table
from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.trained import trained_run


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of other tests are not there, nor those that come along."""
    for module in (paths, service):
        monkeypatch.setattr(module, "compression_folder", lambda home: tmp_path / "compression")
    monkeypatch.setattr(shipping, "_zoo_file", lambda model: tmp_path / f"{model}.json")


def opened(model: str = "digits-cnn", **query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=90)
    page.switch_page("pages/train/4_compress.py")  # it links to other pages
    page.query_params.update({"model": model, **query})
    page.run()
    assert not page.exception
    return page


def finished(page: AppTest, slot: str) -> AppTest:
    stop = time.monotonic() + 120
    while page.session_state[slot].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def test_an_empty_page_says_what_to_do() -> None:
    page = opened("macrodata-transformer")
    assert "There is no smaller version of this model yet. Choose a way below" in said(page)
    assert {"compress-start", "export-start"} <= {button.key for button in page.button}
    assert "was not trained here" in said(opened("efficientnet-lite0"))


def test_a_shipped_result_is_the_answer() -> None:
    shipping.ship(table())
    page = opened()
    found = shipping.shipped("digits-cnn")
    assert found is not None and found.told in said(page)
    assert "The knee by time of one example: channels 0.5." in said(page)
    assert page.dataframe[0].value["Model"].tolist()[1:] == [
        "magnitude 0.8", "channels 0.5", "low-rank 0.5",
    ]  # fmt: skip
    by = next(group for group in page.button_group if "Size" in group.options)
    by.set_value("size").run()
    assert "The knee by size: channels 0.5." in said(page)
    assert page.query_params["result"] == "shipped"
    assert "are not on this machine" in said(page)  # so nothing opens runs that are elsewhere


def test_a_version_that_is_here_can_be_looked_at() -> None:
    run = trained_run(compression_spec(trained("digits-cnn"), "low-rank", {"energy": 0.6}))
    first, second, *rest = table().models
    shipping.ship(replace(table(), models=(first, replace(second, name=run), *rest)))
    page = opened()
    assert page.selectbox(key="compress-look").value == run
    assert "are not on this machine" not in said(page)


def test_versions_are_measured_by_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = compression_spec(trained("digits-cnn"), "low-rank", {"energy": 0.6})
    run = trained_run(replace(spec, name="a version for the page"))
    asked: list[tuple[object, ...]] = []

    def measured(
        *given: object, progress: Progress, tell: Callable[[Compression], None]
    ) -> Compression:
        asked.append(given)
        progress.plan(2)
        tell(table())
        progress.advance(2)
        return table()

    monkeypatch.setattr(service, "measure_compression", measured)
    page = opened(measure="1")
    assert "and not measured yet. Open **Measure versions on this machine**" in said(page)
    (box,) = (box for box in page.multiselect if box.label == "Models beside it")
    assert run in box.value
    box.set_value([run]).run()
    page.number_input(key="compression-turns").set_value(2).run()
    page.button(key="compression-measure").click().run()
    page = finished(page, "compression")
    assert asked == [("digits-cnn", (run,), 2, 64)]


def test_several_strengths_are_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[object] = []
    monkeypatch.setattr(sweeping, "launch", lambda spec: launched.append(spec) or record())

    def record() -> object:
        return training.runs()[0]

    trained_run(replace(sweep_specs("digits-cnn", [way(0.6)])[0], name="a version for the page"))
    page = opened()
    page.selectbox(key="compress-way").select("low-rank").run()
    page.text_input(key="compress-strengths-low-rank").set_value("0.7, x, 2").run()
    assert 'the strengths are "0.7, x, 2", but each of them is a number from' in said(page)
    assert 'not accepted: "x", "2"' in said(page)
    assert page.button(key="compress-start").disabled
    rate = page.number_input(key="compress-rate-digits-cnn")
    assert rate.value - rate.step >= rate.min  # the buttons can lower it
    page.text_input(key="compress-strengths-low-rank").set_value("0.7, 0.9").run()
    page.number_input(key="compress-epochs").set_value(0).run()
    start = page.button(key="compress-start")
    assert start.label == "Start 2 runs"  # 0.9 is the one above
    start.click().run()
    assert not page.exception
    assert [spec.compression_params["energy"] for spec in launched] == [0.9, 0.7]  # type: ignore[attr-defined]
    page.text_input(key="compress-strengths-low-rank").set_value("7").run()
    assert 'not accepted: "7"' in said(page)
    assert page.button(key="compress-start").disabled


def way(energy: float) -> object:
    from dlexplain.services.compress.sweeping import Way

    return Way("low-rank", {"energy": energy})


def test_a_model_is_exported_and_listed() -> None:
    page = opened()
    form = next(group for group in page.button_group if "Safetensors" in group.options)
    form.set_value("safetensors").run()
    page.button(key="export-start").click().run()
    page = finished(page, "export")
    done = page.session_state["export"].job.result
    assert done.told in said(page)
    assert [frame.value["Where"].tolist()[0] for frame in page.dataframe][-1] == done.path
