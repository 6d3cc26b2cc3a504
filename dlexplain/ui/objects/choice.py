"""Choosing a detector or a segmenter; no torch here, and what is said where there is none."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.language import tr
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.models import choose_model
from dlexplain.ui.own_models import Own

VIEW = "objects-view"
SAVING = """\
from transformers import AutoImageProcessor, AutoModelFor{kind}

name, folder = "{name}", "{folder}"
AutoModelFor{kind}.from_pretrained(name{more}).save_pretrained(folder)
AutoImageProcessor.from_pretrained(name{more}).save_pretrained(folder)
"""


def _load_detector(name: str) -> None:
    from dlexplain.ui.objects import cache  # torch is imported from here on

    cache.detector(name)


def _load_segmenter(name: str) -> None:
    from dlexplain.ui.objects import cache

    cache.segmenter(name)


@dataclass(frozen=True)
class View:
    """What is looked for in the picture.

    task    of its models;  title  of the view
    without  what is said while there is no model, and code that gets one
    """

    task: str
    title: str
    own: Own
    without: str
    code: str

    @property
    def key(self) -> str:
        """Of the picker of its models."""
        return f"{self.task}-model"


VIEWS = {
    "boxes": View(
        "detect-objects",
        ":material/select_all: Boxes",
        Own("detect-objects", _load_detector),
        "No object detector comes along. Bring your own: open **Your own model**, and give "
        "the folder of a DETR, Table Transformer or YOLOS in Hugging Face's form, or its name on "
        "the hub. You will see its boxes in your picture, and then which parts of the picture one "
        "of them is due to.",
        SAVING.format(
            kind="ObjectDetection", name="facebook/detr-resnet-50", folder="my-detr",
            more=', revision="no_timm"',
        ),
    ),
    "regions": View(
        "segment-picture",
        ":material/texture: Regions",
        Own("segment-picture", _load_segmenter),
        "No semantic segmenter comes along. Bring your own: open **Your own model**, and "
        "give the folder of a Segformer, BEiT, UperNet or the like in Hugging Face's form, or its "
        "name on the hub. You will see its regions in your picture, and then which parts of the "
        "picture one of them is due to.",
        SAVING.format(
            kind="SemanticSegmentation", name="nvidia/segformer-b0-finetuned-ade-512-512",
            folder="my-segformer", more="",
        ),
    ),
}  # fmt: skip


def choose_view(opened: bool) -> str:
    """Boxes or regions, by its name."""
    from_address("view", one_of("view", VIEWS), opened, VIEW)
    st.session_state.setdefault(VIEW, "boxes")
    chosen = st.segmented_control(
        tr("What it finds"),
        list(VIEWS),
        format_func=lambda name: tr(VIEWS[name].title),
        key=VIEW,
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen or "boxes"


def choose(view: View, opened: bool, answer: DeltaGenerator) -> ModelEntry | None:
    """The model; says how to get one in the answer's place and returns None where there is none."""
    entry = choose_model(
        [view.task], view.key, opened, own=view.own, without=view.without, answer=answer
    )
    view.own.ask(view.key)
    if entry is None:
        with answer:
            st.caption(tr("Where the internet can be reached, this saves one that is widely used:"))
            st.code(view.code, language="python")
    return entry
