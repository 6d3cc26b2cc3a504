"""What people keep about a run and do with it: star, note, archive, train again, its files."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dlexplain.errors import DlexplainError, RunError
from dlexplain.language import tr
from dlexplain.results import RunRecord
from dlexplain.results.words import sentence, size
from dlexplain.services.training import runs as service
from dlexplain.services.training.longer import (
    DIFFERS,
    MOST_EPOCHS,
    can_train_longer,
    train_longer,
)
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate
from dlexplain.ui.words import moment

Attempt = Callable[..., None]


def star_and_archive(record: RunRecord) -> None:
    """A click each; then the page is drawn anew."""
    star = "Unstar" if record.starred else "Star"
    icon = ":material/star:" if record.starred else ":material/star_outline:"
    told = tr("Starred runs are found by starred:")
    mine = gate("describe", record.owner, told)
    if st.button(tr(star), icon=icon, key="star", **mine):
        _change(record.id, starred=not record.starred)
    with st.popover(tr("Note"), icon=":material/edit_note:", **gate("describe", record.owner)):
        text = st.text_area(
            tr("Note"),
            record.note,
            key=f"note-{record.id}",
            height=160,
            max_chars=10_000,
            help=tr("What you want to remember about this run; found by note:word."),
        )
        if st.button(tr("Save note"), key="save-note", type="primary"):
            _change(record.id, note=text)
    archive = "Back from the archive" if record.archived else "Archive"
    icon = ":material/unarchive:" if record.archived else ":material/archive:"
    told = tr(
        "An archived run is kept whole, and hidden in the list unless archived runs are shown."
    )
    mine = gate("describe", record.owner, told)
    if not record.active and st.button(tr(archive), icon=icon, key="archive", **mine):
        _change(record.id, archived=not record.archived)


def _change(run: str, **what: str | bool) -> None:
    try:
        service.annotate(run, **what)  # type: ignore[arg-type]
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    st.rerun()


def show_note(record: RunRecord) -> None:
    if record.note:
        st.info(literal(tr(record.note)), icon=":material/edit_note:")


def again_and_longer(record: RunRecord) -> None:
    """Another run like it: with its spec changed, or with its weights for more epochs."""
    if not record.spec.get("compression") and st.button(
        tr("Edit and train again"),
        icon=":material/content_copy:",
        key="again",
        help=tr("Opens Launch with everything this run was told; change what you like."),
    ):
        st.switch_page("pages/train/1_launch.py", query_params={"run": record.id})
    if can_train_longer(record):
        with st.popover(tr("Train longer"), icon=":material/more_time:", **gate("train")):
            st.markdown(tr(sentence(DIFFERS)))
            if record.spec["task_params"].get("teacher"):
                st.markdown(tr("It goes on without its teacher."))
            epochs = st.number_input(
                tr("More epochs"), 1, MOST_EPOCHS, max(1, record.epochs), key=f"more-{record.id}"
            )
            if st.button(tr("Start"), key="longer", type="primary"):
                _longer(record.id, int(epochs))


def _longer(run: str, epochs: int) -> None:
    try:
        with st.spinner(tr("Reading the data…")):
            started = train_longer(run, epochs)
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    st.query_params["run"] = started.id
    st.rerun()


def show_files(record: RunRecord) -> None:
    """Checkpoints and weights with their sizes, each to be downloaded."""
    found = service.files_of(record)
    if not found:
        st.info(
            tr("No checkpoint has been written yet; the first comes after an epoch or a minute.")
            if record.active
            else tr("This run has left no checkpoint.")
        )
        return
    st.caption(
        tr(
            "A checkpoint is Lightning's: weights, optimiser and place in the data; "
            "model.safetensors "
            "has the trained weights alone."
        )
    )
    for file, stat in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{literal(file.name)}**  \n{size(stat.st_size)}, {moment(stat.st_mtime)}"
            )
            _download(file)


def _download(file: Path) -> None:
    def content() -> bytes:
        try:
            return file.read_bytes()
        except FileNotFoundError:
            raise RunError(
                f"{file.name} is not there any more; a newer one has taken its place, look again"
            ) from None

    st.download_button(
        tr("Download"),
        content,
        file.name,
        icon=":material/download:",
        on_click="ignore",
        key=f"download-{file.name}",
    )
