"""Exporting a model from the page, and what was exported where."""

import io
import time
import zipfile
from pathlib import Path

import streamlit as st

from dlexplain.language import in_words, shown_by, tr
from dlexplain.results.exports import FORMATS, Export
from dlexplain.results.words import sentence
from dlexplain.services.compress.exports import export_rows, exports, new_file
from dlexplain.services.compress.versions import versions_of
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry, entries
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate

SLOT, FORMAT, WHICH = "export", "export-format", "export-which"
TITLES = {"onnx": "ONNX", "pt2": "PT2", "safetensors": "Safetensors"}
MIME = "application/octet-stream"


def export_part(entry: ModelEntry) -> None:
    """Choose, export, download; and the list of what was exported."""
    st.subheader(tr("Export"))
    st.markdown(
        tr(
            "For another program or machine. Each file is read again and compared with the model "
            "before it is offered."
        )
    )
    known = {one.name: one.title for one in entries(entry.task)}
    names = [entry.name, *(name for name in versions_of(entry.name) if name in known)]
    left, right = st.columns(2, vertical_alignment="bottom")
    name = left.selectbox(
        tr("Model"), names, format_func=lambda one: tr(known.get(one, one)),
        key=f"{WHICH}-{entry.name}", persist_state="session",
    )  # fmt: skip
    form = right.segmented_control(
        tr("Format"), list(FORMATS), default="onnx", format_func=shown_by(TITLES.__getitem__),
        key=FORMAT,
        required=True,
    )  # fmt: skip
    if st.button(tr("Export"), icon=":material/output:", key="export-start", **gate("export")):
        _begin(str(name), str(form))
    found: Asked[Export] | None = st.session_state.get(SLOT)
    if found is not None:
        show_live(_show, found)
    _list()


def _begin(model: str, form: str) -> None:
    def work(progress: Progress) -> Export:
        from dlexplain.services.compress.exporting import export

        return export(model, new_file(model, form))

    asked(SLOT, (model, form, time.time()), "The export", work, anew=True)


def _show(found: Asked[Export]) -> None:
    done = result_of(found, starting="Writing and comparing, about half a minute")
    if done is None:
        return
    st.success(literal(tr(done.told)), icon=":material/check:")
    for note in done.notes:
        st.caption(literal(tr(sentence(note))))
    path = Path(done.path)
    name = path.name + (".zip" if path.is_dir() else "")
    st.download_button(
        tr("Download"), lambda: _content(path), name, MIME, key=f"export-download-{drawn_before()}",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _content(path: Path) -> bytes:
    """Of the file; of a folder a ZIP."""
    if path.is_file():
        return path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.iterdir()):
            archive.write(file, f"{path.name}/{file.name}")
    return buffer.getvalue()


def _list() -> None:
    found = exports()
    if not found:
        st.caption(tr("Nothing was exported yet."))
        return
    with st.expander(
        tr(f"What was exported where ({len(found):,d})"), icon=":material/folder_open:"
    ):
        st.dataframe(in_words(export_rows(found)), hide_index=True, height="content")
