"""The pages of trainings under AppTest, over small runs that were trained for real."""

import contextlib
import json
import shutil
import threading
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.results.words import certainty, duration
from dlexplain.services.training import runs as service
from dlexplain.services.training.presets import PRESETS, preset, preset_seconds
from dlexplain.services.training.test_results import results_of
from dlexplain.settings import settings
from dlexplain.trained.zoo_cards import zoo_cards
from dlexplain.ui.markdown import literal
from tests.services.test_runs import failed_run
from tests.trained import digits_run, macrodata_run

APP = Path(__file__).parents[2] / "app.py"


def opened(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=120)
    page.switch_page(f"pages/train/{name}")  # pages link to each other, so app.py is around them
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    return page


def pressed(page: AppTest, section: str) -> AppTest:
    next(b for b in page.button_group if section in b.options).set_value(section).run()
    assert not page.exception, page.exception
    return page


def texts(page: AppTest) -> str:
    elements = (*page.title, *page.subheader, *page.markdown, *page.caption, *page.info)
    return "\n".join(str(element.value) for element in elements)


def test_a_preset_fills_the_form() -> None:
    page = opened("1_launch.py", preset="fred-lstm")
    values = {box.label: box.value for box in (*page.selectbox, *page.number_input)}
    assert values["Task"] == "forecast"
    assert values["Data"] == "fred-md"
    assert values["Horizon"] == 12
    assert values["Epochs"] == 40
    assert any("not here yet" in info.value for info in page.info)
    assert "--set task.window=36" in page.code[0].value
    assert "--set task.horizon" not in page.code[0].value  # the default
    assert "--data fred-md" in page.code[0].value


def test_a_wrong_value_is_one_sentence_and_nothing_can_be_started() -> None:
    page = opened("1_launch.py")
    next(box for box in page.text_input if box.label == "Device").set_value("tpu").run()
    assert [error.value for error in page.error] == [
        'device is "tpu"; it takes auto, cpu, cuda, cuda:N or mps; or ray, where a cluster is known'
    ]
    assert "Start training" not in [button.label for button in page.button]


def test_data_that_cannot_be_trained_on_are_told_before_anything_is_queued(tmp_path: Path) -> None:
    file = tmp_path / "_my_*pairs*.tsv"
    file.write_text("no tab here\n")
    before = len(service.runs())
    page = opened("1_launch.py", preset="dates-gru-attention")
    next(b for b in page.selectbox if b.label == "Data").set_value("tsv-pairs").run()
    next(box for box in page.text_input if box.label == "File").set_value(str(file)).run()
    next(button for button in page.button if button.label == "Start training").click().run()
    assert not page.exception, page.exception
    told = f"{file} has no line of source<TAB>target"
    assert [error.value for error in page.error] == [literal(told)]
    assert len(service.runs()) == before


def test_an_unknown_preset_in_the_address_is_told() -> None:
    page = opened("1_launch.py", preset="nothing")
    assert any("unknown preset" in warning.value for warning in page.warning)
    assert page.selectbox(key="preset").value == "digits-cnn"


def test_the_list_shows_every_run_and_finds_by_words() -> None:
    run = digits_run()
    page = opened("2_runs.py")
    shown = page.dataframe[0].value
    assert run in set(shown["Id"])
    assert dict(zip(shown["Id"], shown["Metric"], strict=True))[run] == "validation accuracy"
    page.text_input(key="runs-find").set_value("no such run").run()
    assert any("No run matches" in info.value for info in page.info)
    page.text_input(key="runs-find").set_value(f"digits {run}").run()
    assert list(page.dataframe[0].value["Id"]) == [run]


def test_a_run_that_never_began_can_be_started() -> None:
    states = States(paths.states_file(settings().home))
    run = states.move(states.add(preset("digits-cnn")).id, "cancelled", "cancelled before it began")
    page = opened("2_runs.py", run=run.id)
    labels = [button.label for button in page.button]
    assert "Start" in labels
    assert "Resume" not in labels
    assert f"Run {run.id}: cnn on digits." in texts(page)
    assert "Cancelled before it began" in texts(page)
    states.delete(run.id)


def test_a_run_says_what_it_does_and_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    # The page of a run that goes on waits for what changes; here it is drawn once.
    monkeypatch.setattr("dlexplain.ui.live.following", contextlib.nullcontext)
    states = States(paths.states_file(settings().home))
    run = states.add(preset("digits-cnn")).id
    states.move(run, "running", "starting on cpu")
    states.attach(run)
    try:
        assert service.run(run).phase == ""
        page = opened("2_runs.py", run=run)
        assert page.get("progress")[0].proto.text.startswith("Starting its process, ")
        assert "No curve yet. It begins with the first steps" in texts(page)
        for phase, told in (("building the network", "Building the network, "),
                            ("training", "Working on the first step, ")):  # fmt: skip
            states.heartbeat(run, {"phase": phase, "phase_began": time.time()})
            assert opened("2_runs.py", run=run).get("progress")[0].proto.text.startswith(told)
        states.heartbeat(run, {"phase": "testing", "phase_began": time.time() - 1000})
        assert service.run(run).phase == ""  # of an earlier attempt
    finally:
        states.move(run, "cancelled", "by the test")
        states.delete(run)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("Curves", "learning rate"),
        ("Test", "Worst mistakes"),
        ("Pictures", "digits 0"),
        ("Spec", "In MLflow"),
        ("Log", "digits 0"),
    ],
)
def test_every_section_of_a_picture_run(section: str, words: str) -> None:
    page = pressed(opened("2_runs.py", run=digits_run()), section)
    assert words in texts(page)
    accuracy = service.run(digits_run()).metrics["test/accuracy"]
    assert f"{accuracy:.1%}" in [cell.value for cell in page.metric]


def test_a_forecast_run_shows_its_errors_against_the_plain_ones() -> None:
    page = pressed(opened("2_runs.py", run=macrodata_run()), "Test")
    table = page.dataframe[0].value
    assert list(table["Series"]) == ["realgdp", "cpi", "unemp"]
    assert {"MASE model", "MASE random walk", "MASE AR", "RMSE AR", "inside 80%"} <= set(table)


def test_a_run_that_is_not_there_is_one_sentence() -> None:
    page = opened("2_runs.py", run="nothing")
    assert [error.value.split(";")[0] for error in page.error] == ['unknown run "nothing"']


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("Curves", "Compare runs"),
        ("Table", "What differs in their specs"),
        ("Parameters", "Parallel coordinates"),
        ("Pictures", "digits 1"),
    ],
)
def test_every_section_of_the_comparison(section: str, words: str) -> None:
    runs = f"{digits_run()},{digits_run(seed=1, epochs=2)}"
    page = opened("3_compare.py", runs=runs)
    assert ",".join(page.multiselect(key="compare-runs").value) == runs
    assert words in texts(pressed(page, section))


def test_the_table_shows_last_best_and_at_a_step() -> None:
    runs = f"{digits_run()},{digits_run(seed=1, epochs=2)}"
    page = pressed(opened("3_compare.py", runs=runs), "Table")

    def accuracy() -> list[str]:
        table = page.dataframe[0].value.set_index("")
        return list(table.loc["validation accuracy"])

    records = [service.run(run) for run in runs.split(",")]
    last = [r.metrics["validation/accuracy"] for r in records]
    assert accuracy() == [f"{v:.5g} {certainty('accuracy', v, 143)}" for v in last]
    assert all(" [" in told and told.endswith("%], n = 143") for told in accuracy())
    pressed(page, "best")
    best = [float(str(r.best)) for r in records]
    assert accuracy() == [f"{v:.5g} {certainty('accuracy', v, 143)}" for v in best]
    pressed(page, "at step")
    page.slider(key="at-step").set_value(0).run()
    assert accuracy() == ["", ""]


def test_an_unknown_run_in_the_address_is_left_out() -> None:
    page = opened("3_compare.py", runs=f"nothing,{digits_run()}")
    assert page.multiselect(key="compare-runs").value == [digits_run()]


def test_the_zoo_is_listed_beside_the_runs_and_each_has_a_card() -> None:
    listed = opened("2_runs.py").dataframe[-1].value
    names = [card.name for card in zoo_cards()]
    assert list(listed["Name"]) == names
    page = opened("2_runs.py", zoo="digits-cnn")
    assert page.title[0].value == "digits-cnn"
    card = next(card for card in zoo_cards() if card.name == "digits-cnn")
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["test accuracy"] == f"{card.metrics['test/accuracy']:.1%}"
    assert any("zoo verify digits-cnn" in code.value for code in page.code)
    assert [b.label for b in page.button if b.label != "中文"][:3] == [
        "All runs", "Explain pictures with it", "Train it again",
    ]  # fmt: skip


def test_a_card_with_seeds_tells_them_and_damaged_ones_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(paths.zoo_folder() / "digits-cnn", tmp_path / "digits-cnn")
    monkeypatch.setattr(paths, "zoo_folder", lambda: tmp_path)
    (card,) = zoo_cards()
    assert card.seeds is not None
    page = opened("2_runs.py", zoo="digits-cnn")
    assert literal(card.over_seeds("test/accuracy")) in texts(page)
    assert f"where its run scored {card.seeds.again('test/accuracy'):.1%}" in texts(page)
    table = next(frame.value for frame in page.dataframe if "Metric" in frame.value.columns)
    told = dict(zip(table["Metric"], table["Over 5 seeds"], strict=True))
    assert told["test accuracy"] == card.seeds.short("test/accuracy")
    assert told["validation accuracy"] == ""
    file = paths.card_in(tmp_path / "digits-cnn")
    damaged = json.loads(file.read_text())
    damaged["seeds"]["shipped"] = 7
    file.write_text(json.dumps(damaged))
    page = opened("2_runs.py", zoo="digits-cnn")
    (told_once,) = [w.value for w in page.warning if "are damaged" in w.value]
    assert "the shipped one among them" in told_once
    assert "over 5 seeds" not in texts(page) and page.metric[0].label == "test accuracy"


def test_a_zoo_model_that_is_not_there_is_one_sentence() -> None:
    page = opened("2_runs.py", zoo="nothing")
    assert any('unknown zoo model "nothing"' in error.value for error in page.error)


def test_a_preset_says_how_its_model_in_the_zoo_does() -> None:
    page = opened("1_launch.py", preset="digits-cnn")
    badges = "\n".join(str(m.value) for m in page.markdown)
    assert "in the zoo: accuracy" in badges
    assert f"about {duration(preset_seconds('digits-cnn'))} on two cores" in badges


def test_a_damaged_model_and_a_damaged_run_are_told_once_and_the_rest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = tmp_path / "zoo"
    for name in ("digits-cnn", "mnist-cnn"):
        shutil.copytree(paths.zoo_folder() / name, zoo / name)
    (zoo / "mnist-cnn" / "card.json").write_text("{")
    monkeypatch.setattr(paths, "zoo_folder", lambda: zoo)
    states = States(paths.states_file(settings().home))
    good, bad = digits_run(), states.add(RunSpec("forecast", "lstm-forecaster", "macrodata")).id
    with states._change() as db:
        db.change("UPDATE runs SET spec = '{', state = 'failed' WHERE id = :run", run=bad)
    page = opened("2_runs.py")
    runs, models = (table.value for table in page.dataframe)
    assert good in list(runs["Id"]) and bad not in list(runs["Id"])
    assert list(models["Name"]) == ["digits-cnn"]
    (told,) = [warning.value for warning in page.warning if "Left out" in warning.value]
    assert told.count("\n- ") == 2 and f"run {bad} is damaged" in told and "zoo model mnist" in told
    page = opened("2_runs.py", zoo="mnist-cnn")
    assert "zoo model mnist" in page.error[0].value and "cannot be read" in page.error[0].value
    page = opened("2_runs.py", run=bad)
    assert f"run {bad} is damaged" in page.error[0].value
    service.delete(bad)
    assert service.damaged_runs() == []


def test_a_run_without_a_checkpoint_is_not_resumed_but_started_again() -> None:
    for steps, label, help_ in (
        ((), "Start again", "There is no checkpoint, so it would start from the beginning."),
        ((12,), "Resume", "It would go on from its checkpoint of step 12."),
    ):
        run = failed_run(*steps)
        (button,) = [b for b in opened("2_runs.py", run=run).button if b.key == "resume"]
        assert (button.label, button.help) == (label, help_)
        service.delete(run)


def test_a_run_shows_its_interval_and_n_beside_its_score() -> None:
    page = opened("2_runs.py", run=digits_run())
    accuracy = service.run(digits_run()).metrics["test/accuracy"]
    assert certainty("test/accuracy", accuracy, 359) in [c.value for c in page.caption]
    page = opened("2_runs.py")
    runs = page.dataframe[0].value.set_index("Id")
    assert runs.loc[digits_run(), "Best"].endswith("%], n = 143")
    models = page.dataframe[1].value.set_index("Name")
    assert models.loc["digits-cnn", "Test"] == "accuracy 97.8% [95.7–98.9%], n = 359"


def test_launch_shows_classes_and_split_before_the_training() -> None:
    page = opened("1_launch.py", preset="digits-cnn")
    for thread in threading.enumerate():
        if thread.name == "explanations":
            thread.join(60)
    page.run()
    assert "1,295 for training, 143 for validation, 359 for testing, in 10 classes." in texts(page)
    (table,) = [t.value for t in page.dataframe if "class" in t.value]
    assert list(table.columns) == ["class", "train", "validation", "test"]
    tested = results_of(service.run(digits_run())).confusion  # of the same data, counted there
    assert list(table["test"]) == tested.sum(axis=1).tolist()
    assert "in the zoo: accuracy 97.8% \\[95.7–98.9%\\], n = 359" in texts(page)  # a badge's escape


@pytest.mark.parametrize("name", ["digits-cnn", "fred-lstm", "dates-gru-attention"])
def test_what_is_known_of_a_preset_is_told_until_something_is_changed(name: str) -> None:
    page = opened("1_launch.py", preset=name)
    described = preset(name)
    assert PRESETS[name].description in {caption.value for caption in page.caption}
    seed = next(box for box in page.number_input if box.label == "Seed")
    seed.set_value(7).run()
    assert PRESETS[name].description in {caption.value for caption in page.caption}
    epochs = next(box for box in page.number_input if box.label == "Epochs")
    epochs.set_value(int(described.training.get("epochs", epochs.value)) + 1).run()
    captions = {caption.value for caption in page.caption}
    assert PRESETS[name].description not in captions
    assert any(caption.startswith("Changed from the preset") for caption in captions)


def test_examples_are_shown_beside_their_variants_when_asked_for() -> None:
    page = opened("1_launch.py", preset="digits-cnn")
    assert not any("Framed" in caption.value for caption in page.caption)
    page.button(key="variants-show").click().run()
    stop = time.monotonic() + 60
    while page.session_state["variants"].active:
        assert time.monotonic() < stop
        time.sleep(0.1)
    page.run()
    assert not page.exception, page.exception
    assert any("Framed: the picture as it is" in caption.value for caption in page.caption)
    next(box for box in page.number_input if box.label == "Shift, pixels").set_value(0).run()
    assert "variants-show" in {button.key for button in page.button}  # another question


def test_a_task_whose_examples_are_not_varied_has_no_such_part() -> None:
    page = opened("1_launch.py", preset="dates-gru-attention")
    assert "How examples are varied" not in {box.label for box in page.expander}
    assert "Augmentation" not in {box.label for box in page.expander}


def test_a_model_is_trained_on_from_its_card() -> None:
    page = opened("1_launch.py", parent="mnist-cnn")
    values = {box.label: box.value for box in (*page.selectbox, *page.number_input)}
    assert (values["Begins with"], values["Model"]) == ("mnist-cnn", "cnn")
    assert "Width" not in values  # the architecture is the parent's
    assert "The form begins with how mnist-cnn was trained" in texts(page)
    assert "--parent mnist-cnn" in page.code[0].value
    page.selectbox(key="param-transfer-digits-cnn-mnist-cnn-classify-image-learns").set_value(
        "head"
    ).run()
    assert "--set transfer.learns=head" in page.code[0].value
    next(box for box in page.selectbox if box.label == "Begins with").set_value(
        "fresh weights"
    ).run()
    assert not page.exception, page.exception
    assert "What learns" not in [box.label for box in page.selectbox]
    assert "--parent" not in page.code[0].value


def test_a_preset_with_a_parent_is_what_it_says() -> None:
    page = opened("1_launch.py", preset="transfer-tweets")
    assert "50 examples a class" in texts(page)  # so nothing of the form differs from it
    assert "Tokens" not in [box.label for box in page.selectbox]
    assert "--parent sst2-transformer" in page.code[0].value


def test_a_parent_that_is_chosen_names_the_run_and_stands_in_the_address() -> None:
    page = opened("1_launch.py", preset="digits-cnn")
    box = next(box for box in page.selectbox if box.label == "Begins with")
    titles = " ".join(box.options)
    assert "digits-cnn" in titles and "cifar10-resnet-robust" not in titles  # colour pictures
    box.set_value("digits-cnn").run()
    assert not page.exception, page.exception
    name = next(one for one in page.text_input if one.label == "Name")
    assert name.value == "digits-cnn, trained on with Digits, 8 × 8, grey"
    assert page.query_params["begins"] == "digits-cnn"
    labels = {box.label for box in page.number_input}
    assert not labels & {"Last layers", "Adapters' rank", "Adapters' alpha"}
    page = opened("1_launch.py", preset="digits-cnn", begins="digits-cnn")
    assert "--parent digits-cnn" in page.code[0].value
    assert "transfer." not in page.code[0].value
    page = opened("1_launch.py", preset="digits-cnn", begins="cifar10-resnet-robust")
    assert '"cifar10-resnet-robust" cannot read what' in page.warning[0].value


def test_heads_of_the_data_are_named() -> None:
    page = opened("1_launch.py", preset="shapes-multitask")
    heads = next(one for one in page.text_input if one.label == "Heads")
    assert heads.placeholder == "All: form, colour, texture, count"


def test_a_parent_that_cannot_be_is_told() -> None:
    page = opened("1_launch.py", parent="mnist-vae")
    assert any("may begin with a trained model" in box.value for box in page.warning)


def test_a_finished_run_leads_to_training_on() -> None:
    page = opened("2_runs.py", run=digits_run())
    assert "Train on from this" in [button.label for button in page.button]


def test_a_run_may_begin_with_your_own_model(tmp_path: Path) -> None:
    from tests import own_pictures

    own_pictures.save("vit", tmp_path / "vit")
    (tmp_path / "net.pt2").write_bytes(b"a program")
    page = opened("1_launch.py")
    (field,) = [box for box in page.text_input if "Hugging Face hub" in box.label]
    assert field.label.startswith("Folder, or name")  # no run begins with one file
    field.input(str(tmp_path / "net.pt2")).run()
    assert "is a file; the folder of a model is accepted" in page.error[0].value
    (field,) = [box for box in page.text_input if "Hugging Face hub" in box.label]
    field.input(str(tmp_path / "vit")).run()
    assert not page.exception
    assert not page.error
    values = {box.label: box.value for box in page.selectbox}
    assert (values["Begins with"], values["Model"]) == (str(tmp_path / "vit"), "hugging-face")
    assert f"--parent {tmp_path / 'vit'}" in page.code[0].value
    asked = opened("1_launch.py", parent=str(tmp_path / "vit"))
    values = {box.label: box.value for box in asked.selectbox}
    assert (values["Begins with"], values["Model"]) == (str(tmp_path / "vit"), "hugging-face")
    assert "your own model" in asked.caption[0].value


def family_of_three() -> list[str]:
    """Ids of three runs of one spec that differ by the seed."""
    return [digits_run(seed=seed, epochs=2) for seed in (1, 2, 3)]


def test_seeds_of_a_spec_are_compared_by_mean_and_interval() -> None:
    runs = [*family_of_three(), digits_run()]
    page = opened("3_compare.py", runs=",".join(runs))
    (group_by,) = [box for box in page.selectbox if box.label == "Group by"]
    assert group_by.value == "spec without seed"
    assert "the band its 95% interval" in texts(page)
    assert "A mean ends where the first of its runs does." not in texts(page)
    page = pressed(page, "Table")
    table = page.dataframe[0].value
    row = table[(table["Metric"] == "validation accuracy") & (table["n"] == 3)].iloc[0]
    values = [service.run(run).metrics["validation/accuracy"] for run in runs[:3]]
    assert row["Mean"] == f"{sum(values) / 3:.5g}"
    assert "A single run has no interval: digits 0" in texts(page)
    page = pressed(page, "Differences")
    assert page.dataframe[0].value["So"].tolist() == [
        "fewer than 3 runs in a group: too few to say"
    ]
    assert "Train 3 seeds or more of each" in texts(page)
    group_by = next(box for box in page.selectbox if box.label == "Group by")
    group_by.set_value("nothing").run()
    assert not page.exception, page.exception
    assert "Compare runs" in texts(page)
    assert all("Differences" not in bar.options for bar in page.button_group)


def test_a_run_is_starred_noted_and_archived_by_its_page() -> None:
    run = digits_run(seed=3, epochs=2)
    page = opened("2_runs.py", run=run)
    page.button(key="star").click().run()
    page.text_area(key=f"note-{run}").set_value("*good* one").run()
    page.button(key="save-note").click().run()
    record = service.run(run)
    assert (record.starred, record.note) == (True, "*good* one")
    assert literal("*good* one") in texts(page)
    page.button(key="archive").click().run()
    listed = opened("2_runs.py")
    assert run not in set(listed.dataframe[0].value["Id"])
    listed.toggle(key="runs-archived").set_value(True).run()
    assert run in set(listed.dataframe[0].value["Id"])
    found = opened("2_runs.py", find="starred: archived:").dataframe[0].value
    assert list(found["Id"]) == [run]
    assert list(found["Name"]) == ["★ digits 3"]
    service.annotate(run, note="", starred=False, archived=False)


def test_a_wrong_search_is_one_sentence() -> None:
    page = opened("2_runs.py", find="accuracy>high")
    assert [error.value for error in page.error] == [
        literal('The search has "accuracy>high"; behind > it takes a number.')
    ]


def test_a_run_s_files_can_be_downloaded() -> None:
    page = pressed(opened("2_runs.py", run=digits_run()), "Files")
    names = [file.name for file, _ in service.files_of(service.run(digits_run()))]
    assert names[-1] == "model.safetensors"
    assert any(name.startswith("latest-") for name in names)
    assert all(literal(name) in texts(page) for name in names)


def test_a_run_s_whole_spec_is_edited_and_trained_again() -> None:
    run = digits_run(seed=1, epochs=2)
    page = opened("2_runs.py", run=run)
    page.button(key="again").click().run()
    assert not page.exception, page.exception
    page = opened("1_launch.py", run=run)
    values = {box.label: box.value for box in (*page.selectbox, *page.number_input)}
    assert (values["Seed"], values["Epochs"], values["Width"]) == (1, 2, 8)
    assert "everything that run" in texts(page)
    assert "--set model.width=8" in page.code[0].value
    wrong = opened("1_launch.py", run="nothing")
    assert any("unknown run" in warning.value for warning in wrong.warning)


def test_more_seeds_start_more_trainings() -> None:
    page = opened("1_launch.py", preset="digits-cnn")
    page.number_input(key="seeds").set_value(3).run()
    assert "Start 3 trainings" in [button.label for button in page.button]
    assert page.code[0].value.endswith("--seeds 3")
