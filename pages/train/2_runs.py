"""Every run with its state, and one run from close by: curves, test, pictures, log, actions."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError, RunError, UnknownName, WeightsError
from dlexplain.language import in_words, tr
from dlexplain.results.words import metric_name, sentence
from dlexplain.services.training import runs as service
from dlexplain.trained.zoo_cards import zoo_card
from dlexplain.ui.live import rerun_when
from dlexplain.ui.markdown import in_badge, literal
from dlexplain.ui.notices import explain_link, train_on_link
from dlexplain.ui.reporting import offer_report
from dlexplain.ui.rights import gate, share_popover, show_owner
from dlexplain.ui.run_list import show_list, tell_of_mlflow
from dlexplain.ui.run_live import EVERY_SECONDS, follow, forget_runs, is_active, now, show_progress
from dlexplain.ui.run_notes import again_and_longer, show_files, show_note, star_and_archive
from dlexplain.ui.run_registering import register_popover, show_registered
from dlexplain.ui.words import STATE_COLOURS, STATE_ICONS, moment
from dlexplain.ui.zoo import ADDRESS, leave_zoo, show_zoo, show_zoo_card

if TYPE_CHECKING:
    from dlexplain.results import RunRecord

SECTIONS = ("Curves", "Test", "Film", "Layers", "Pictures", "Files", "Spec", "Log")


def main() -> None:
    forget_runs()  # what a click has changed is seen at once
    wanted, model = st.query_params.get("run"), st.query_params.get(ADDRESS)
    if model is not None and wanted is None:
        show_model(model)
        return
    if wanted is None:
        st.title(tr("Runs"))
        show_list()
        show_zoo()
        return
    try:
        record = service.run(wanted)
    except (UnknownName, RunError) as error:
        st.title(tr("Runs"))
        st.error(literal(tr(f"{error}.")))
        back()
        return
    back()
    show_head(record)
    section = st.segmented_control(
        tr("Section"),
        SECTIONS,
        default=SECTIONS[0],
        key=f"section-{record.id}",
        required=True,
        label_visibility="collapsed",
        format_func=tr,
    )
    if section in ("Curves", "Log"):
        if section == "Curves":
            follow(record, draw_curves, lambda found: (found.step, sorted(found.metrics)))
        else:
            follow(record, draw_log, lambda found: service.log_tail(found.id))
            offer_log(record)
    elif section == "Test":
        show_test(record)
    elif section == "Film":
        from dlexplain.ui.film import show_film

        show_film(record)
    elif section == "Layers":
        follow(record, draw_layers, lambda found: found.epoch)
    elif section == "Pictures":
        show_pictures(record)
    elif section == "Files":
        show_files(record)
    else:
        show_spec(record)


def show_model(name: str) -> None:
    if st.button(tr("All runs"), icon=":material/arrow_back:", type="tertiary"):
        leave_zoo()
        st.rerun()
    try:
        show_zoo_card(zoo_card(name))
    except (UnknownName, WeightsError) as error:
        st.title(tr("Runs"))
        st.error(literal(tr(f"{error}.")))


def back() -> None:
    if st.button(tr("All runs"), icon=":material/arrow_back:", type="tertiary"):
        to_list()
        st.rerun()


def to_list() -> None:
    st.query_params.pop("run", None)
    if find := st.session_state.get("runs-find"):
        st.query_params["find"] = find
    st.session_state.pop("runs-table", None)


def show_head(record: "RunRecord") -> None:
    st.title(literal(record.name))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(
            tr(record.state), icon=STATE_ICONS[record.state], color=STATE_COLOURS[record.state]
        )
        if record.starred:
            st.badge(tr("starred"), icon=":material/star:", color="orange")
        if record.archived:
            st.badge(tr("archived"), icon=":material/archive:", color="gray")
        show_owner(record)
        for tag in record.tags:
            st.badge(in_badge(tag), color="gray")
        where = record.device or ("waiting for a device" if record.state == "queued" else "")
        about = f"Run {record.id}: {record.model} on {record.data}"
        st.caption(literal(tr(f"{about}, {where}." if where else f"{about}.")))
    if record.why and record.state != "finished":
        why = literal(sentence(record.why.rstrip(".")))
        (st.error if record.state == "failed" else st.info)(why)
    show_note(record)
    follow(record, show_progress, lambda found: found)
    actions(record)
    show_registered(record)
    rerun_when(
        lambda: (found := now(record)) and (found.state, found.resumable),
        partial(is_active, record),
        EVERY_SECONDS,
    )


def actions(record: "RunRecord") -> None:
    with st.container(horizontal=True):
        if record.active and st.button(
            tr("Cancel"), icon=":material/stop:", key="cancel", **gate("cancel", record.owner)
        ):
            attempt(service.cancel, record.id)
        again = "Start again" if record.begun else "Start"
        go_on = again if record.checkpoint is None else "Resume"
        if record.resumable and st.button(
            tr(go_on),
            icon=":material/play_arrow:",
            key="resume",
            **gate("resume", record.owner, tr(sentence(record.resuming))),
        ):
            attempt(service.resume, record.id)
        if record.state == "finished":
            explain_link(record.task, record.id, "explain")
            train_on_link(record.task, record.id, "train-on")
        again_and_longer(record)
        star_and_archive(record)
        register_popover(record)
        share_popover(record)
        offer_report(lambda: [service.run(record.id)], "run")
        changing = gate("describe", record.owner)
        with st.popover(tr("Rename, tag"), icon=":material/edit:", **changing):
            name = st.text_input(tr("Name"), record.name, key=f"rename-{record.id}", max_chars=120)
            tags = st.text_input(
                tr("Tags"),
                ", ".join(record.tags),
                key=f"tags-{record.id}",
                help=tr("With commas between."),
            )
            if st.button(tr("Save"), key="save", type="primary"):
                service.rename(record.id, name)
                attempt(lambda run: service.tag(run, tags.split(",")), record.id)
        if not record.active:
            deleting = gate("delete", record.owner)
            with st.popover(tr("Delete"), icon=":material/delete:", **deleting):
                st.markdown(tr("Deletes the run with its checkpoints and curves, for good."))
                if st.button(tr("Delete for good"), key="delete", type="primary"):
                    attempt(service.delete, record.id, leave=True)


def attempt(action, run: str, leave: bool = False) -> None:  # type: ignore[no-untyped-def]
    """Do it and draw the page anew, or the list; or say in one sentence why it cannot be done."""
    try:
        action(run)
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    if leave:
        to_list()
        st.toast(tr(f"Run {literal(run)} is deleted."), icon=":material/delete:")
    st.rerun()


def draw_curves(record: "RunRecord") -> None:
    from dlexplain.figures.curves import plot_curves
    from dlexplain.ui.charts import chart

    if not record.metrics:
        st.info(
            tr(
                "No curve yet. It begins with the first steps of the training; what the run does "
                "until "
                "then stands above."
            )
            if record.active
            else tr("This run has recorded no metric.")
        )
        return
    groups: dict[str, list[str]] = {}
    for key in service.metric_keys([record], system=True):
        if not key.startswith(("test/", "privacy/delta", "privacy/noise")):
            groups.setdefault(key.rpartition("/")[2], []).append(key)
    columns = st.columns(2)
    for index, (name, keys) in enumerate(groups.items()):
        with columns[index % 2], st.container(border=True):
            st.markdown(f"**{literal(tr(metric_name(name)))}**")
            curves = [curve for key in keys for curve in service.curves([record], key)]
            figure = plot_curves(curves, by="key", height=260)
            chart(figure, f"curve-{name}", told=name, config={"displaylogo": False})


def draw_layers(record: "RunRecord") -> None:
    from dlexplain.figures.norms import plot_norms
    from dlexplain.services.training.norms import layer_norms
    from dlexplain.ui.charts import chart

    found = layer_norms(record)
    if found is None:
        st.info(
            tr("The norms of the layers come at the end of each epoch.")
            if record.active
            else tr("This run has written no norms of its layers.")
        )
        return
    st.caption(
        tr(
            "Euclidean norms at the end of each epoch, layer by layer, the first on top; colours "
            "go by "
            "the logarithm. A gradient that fades towards the first layers teaches them little; "
            "one "
            "that grows from epoch to epoch may break the training."
        )
    )
    for title, values in (("Gradients", found.gradients), ("Weights", found.weights)):
        st.markdown(f"**{tr(title)}**")
        chart(plot_norms(found.layers, found.epochs, values), f"norms-{title}")


def draw_log(record: "RunRecord") -> None:
    text = service.log_tail(record.id)
    if text:
        st.code(text, language=None, wrap_lines=True, height=420)
    else:
        st.info(tr("The worker has written nothing yet."))


def offer_log(record: "RunRecord") -> None:
    st.download_button(
        tr("Download log"),
        partial(service.log_tail, record.id),
        file_name=f"{record.id}.txt",
        icon=":material/download:",
        on_click="ignore",
    )


def show_test(record: "RunRecord") -> None:
    from dlexplain.services.training.test_results import results_of
    from dlexplain.ui.tested import show

    try:
        found = results_of(record)
    except RunError as error:
        st.error(literal(tr(f"{error}.")))
        return
    if found is None:
        st.info(tr("The test comes when the training is done."))
    else:
        show(found)


def show_pictures(record: "RunRecord") -> None:
    kinds = service.picture_kinds([record])
    if not kinds:
        st.info(tr("This run has logged no pictures."))
        return
    kind = st.segmented_control(
        tr("Kind"), kinds, default=kinds[0], format_func=literal, required=True, key="kind"
    )
    kept = service.pictures(record, kind or kinds[0])
    epochs = list(kept)
    epoch = epochs[-1]
    if len(epochs) > 1:
        epoch = st.select_slider(tr("Epoch"), epochs, epochs[-1], key=f"epoch-{record.id}-{kind}")
    st.image(
        str(kept[epoch]),
        caption=tr(f"{literal(kind)}, epoch {epoch}"),
        width=640,
        alt=tr(f"{kind} of epoch {epoch}"),
    )


def show_spec(record: "RunRecord") -> None:
    import json

    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(tr("Spec"))
        rows = [{"Parameter": key, "Value": str(value)} for key, value in record.flat.items()]
        st.dataframe(in_words(rows), hide_index=True, height=420)
        st.download_button(
            tr("Spec as JSON"),
            json.dumps(dict(record.spec), indent=1),
            f"{record.id}.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
    with right:
        st.subheader(tr("States"))
        changes = [
            {"When": moment(c.at), "State": c.state, "Why": c.why, "Who": c.who}
            for c in service.changes(record.id)
        ]
        st.dataframe(in_words(changes), hide_index=True)
        st.subheader(tr("In MLflow"))
        st.code(service.mlflow_page(), wrap_lines=True)
        st.caption(
            tr(f"There it is run {literal(record.tracking)}.")
            if record.tracking
            else tr("Not there yet.")
        )
        tell_of_mlflow()


main()
