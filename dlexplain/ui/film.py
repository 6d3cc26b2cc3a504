"""An explanation film on a run's page: the answer, an epoch to look at, the settings, downloads."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dlexplain.errors import BadInput, DlexplainError
from dlexplain.language import tr
from dlexplain.results import Film, FilmFrame, RunRecord, TextAttribution
from dlexplain.results.words import capital, size
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.sources import kept_pictures
from dlexplain.trained.catalogue import find
from dlexplain.trained.runs import kept_on_the_way
from dlexplain.ui.forecast.choice import choose_origin, choose_series
from dlexplain.ui.jobs import Asked, asked, known, result_of
from dlexplain.ui.live import rerun_when
from dlexplain.ui.markdown import literal
from dlexplain.ui.pictures import SAMPLE, TEST, choose_picture
from dlexplain.ui.texts.choice import choose_text, examples

if TYPE_CHECKING:
    from dlexplain.trained.catalogue import ModelEntry

SLOT = "film"
FILM = "width:100%;max-width:776px"
FIRST = {"picture": "grad-cam", "text": "integrated-gradients", "series": "integrated-gradients"}
HOW = (
    "This run has kept no weights on its way, so there is nothing to film. Train one again with "
    "**Keep weights every** 1 epoch, which stands under **Training** on the page Launch, or on the "
    "command line with `--set keep_every=1`. Each epoch then costs one more file of the network's "
    "size."
)
WHOSE = "films are made of classifiers of pictures and of texts, and of forecasters"


def show_film(record: RunRecord) -> None:
    """The section of a run's page."""
    from dlexplain.services.film import MODALITIES, chosen_files  # torch is imported from here on

    if record.task not in MODALITIES:
        st.info(tr(f"This run is one of {literal(record.task)}; {WHOSE}."))
        return
    kept = kept_on_the_way(record.id)
    if len(kept) < 2:
        st.info(
            tr(HOW)
            if not record.active or not kept
            else tr("The film begins after its first epoch.")
        )
        return
    try:
        chosen_files(record)
        entry = find(record.id) if record.state == "finished" else find(str(kept[max(kept)]))
    except DlexplainError as error:
        st.error(literal(tr(f"{error}.")))
        return
    answer = st.container()
    with st.container(border=True):
        question = _ask(record, entry, MODALITIES[record.task])
        bytes_ = sum(file.stat().st_size for file in kept.values())
        st.caption(tr(f"Of this run {len(kept)} sets of weights were kept, {size(bytes_)} in all."))
    with answer:
        _answer(record, question)


def _ask(record: RunRecord, entry: "ModelEntry", modality: str) -> dict[str, Any] | None:
    """The settings; what is asked, or None where the input is missing."""
    given: dict[str, Any]
    st.markdown(tr("**What is filmed**"))
    if modality == "picture":
        first = TEST if kept_pictures(record.id) else SAMPLE
        st.session_state.setdefault("source-kept", first)
        choice = choose_picture(entry, False)
        if choice.picture is None:
            return None
        given = {"x": choice.picture, "key": choice.picture.key}
        truth = choice.truth.index if choice.truth else None
    elif modality == "text":
        from dlexplain.services.film import kept_texts

        tests = {f"Test text {n}": text for n, text in enumerate(kept_texts(record.id)[:4], 1)}
        text = choose_text("film-text", "Text", {**tests, **examples(entry)}, False, 0)
        if not text.strip():
            return None
        given, truth = {"x": text, "key": text}, None
    else:
        series = choose_series(entry, False)
        if series is None:
            return None
        window = int(record.spec["task_params"]["window"])
        row = choose_origin(series, range(window, len(series.data.dates)), False)
        date = str(series.data.dates[row])
        given, truth = {"x": series, "origin": date, "key": f"{series.digest} {date}"}, None
    return {**given, "method": _method(modality), "target": _target(entry, modality, truth)}


def _method(modality: str) -> str:
    from dlexplain.services.explaining import by_name, infos_for

    infos = by_name(infos_for(modality))
    names = list(infos)
    return str(
        st.selectbox(
            tr("Method"),
            names,
            names.index(FIRST[modality]),
            format_func=lambda name: tr(infos[name].title),
            key=f"film-method-{modality}",
            help=tr("With its usual parameters; the command line takes others by --set."),
        )
    )


def _target(entry: "ModelEntry", modality: str, truth: int | None) -> int | str | None:
    """The class that is explained in every frame; None lets the last weights choose."""
    if modality == "series":
        return None
    classes = [str(name) for name in entry.trained.facts.get("classes", ())]
    right = [] if truth is None else ["The right one"]
    options = [*right, "The one that the run says in the end", *classes]
    chosen = st.selectbox(
        tr("Class"),
        range(len(options)),
        format_func=lambda place: literal(options[place]),
        key=f"film-class-{entry.name}-{truth is None}",
        help=tr("It is the same in all frames, so that only the network changes."),
    )
    place = int(chosen or 0)
    if right and place == 0:
        return truth
    first = len(options) - len(classes)
    return place - first if place >= first else None


def _answer(record: RunRecord, question: dict[str, Any] | None) -> None:
    if question is None:
        st.info(tr("Choose below what is to be filmed."), icon=":material/arrow_downward:")
        return
    asked_of = (record.id, *(v for k, v in question.items() if k != "x"))
    more = {key: value for key, value in question.items() if key != "key"}
    work = partial(_work, record.id, more)
    found: Asked[Film] | None = known(SLOT, asked_of)
    if found is None:
        st.markdown(
            tr(
                "When did it begin to look where it looks in the end? The same input is explained "
                "with the weights of each epoch."
            )
        )
        if not st.button(
            tr("Make the film"), type="primary", icon=":material/movie:", key="film-make"
        ):
            return
        found = asked(SLOT, asked_of, "The film", work)
    job = found.job
    rerun_when(lambda: job.active, lambda: job.active)
    result = result_of(found, "epochs", starting="Reading the weights")
    if result is None:
        return
    if max(kept_on_the_way(record.id), default=0) > result.last.epoch and st.button(
        tr("Film the new epochs as well"), icon=":material/refresh:", key="film-anew"
    ):
        asked(SLOT, asked_of, "The film", work, anew=True)
        st.rerun()
    show_found(result)


def _work(run: str, question: dict[str, Any], progress: Progress) -> Film:
    from dlexplain.services.film import film

    try:
        return film(run, progress=progress, **question)
    except OSError as error:  # weights that were deleted meanwhile
        raise BadInput(f"a file of the run cannot be read: {error.strerror}") from error


def show_found(film: Film) -> None:
    """The answer, then one epoch or all of them in motion, then the files."""
    from dlexplain.figures.film import film_gif, film_strip, film_webp, plot_film
    from dlexplain.figures.gallery import moving
    from dlexplain.ui.charts import chart

    st.info(literal(tr(film.answer)), icon=":material/movie:")
    about = f"{film.title} of {film.of}, one input: another one may settle earlier or later."
    st.caption(literal(tr(about)))
    play = st.toggle(tr("Play"), key="film-play")
    if play:
        moved, still = _drawn(film, film_webp), _drawn(film, film_strip)
        st.html(moving(moved, still, film.answer, FILM))
    else:
        epochs = [frame.epoch for frame in film.frames]
        key = f"film-epoch-{film.run}"
        if st.session_state.get(key) not in epochs:
            st.session_state[key] = epochs[-1]
        epoch = st.select_slider(tr("Epoch"), epochs, key=key)
        frame = film.frames[epochs.index(epoch)]
        left, right = st.columns([2, 3], gap="large")
        with left:
            _show_frame(film, frame)
        with right:
            chart(plot_film(film, frame.epoch), f"film-{film.run}", told=film.answer)
    for note in film.notes:
        st.caption(literal(tr(note)))
    with st.container(horizontal=True):
        for form, draw, kind in (
            ("webp", film_webp, "Film (WebP)"),
            ("gif", film_gif, "Film (GIF)"),
            ("png", film_strip, "All maps (PNG)"),
        ):
            st.download_button(
                tr(kind),
                partial(_drawn, film, draw),
                f"film-{film.run}.{form}",
                f"image/{form}",
                icon=":material/download:",
                on_click="ignore",
            )


def _show_frame(film: Film, frame: FilmFrame) -> None:
    from dlexplain.figures.coloured_text import coloured_text
    from dlexplain.figures.film_panels import film_scale, panel

    when = f"Epoch {frame.epoch}" if frame.epoch else "Before the first step"
    if frame.said:
        label = frame.said
        st.markdown(literal(tr(f'{when}: says "{label}"; {film.what} {frame.value:.1%}')))
    else:
        st.markdown(literal(tr(f"{when}: {film.what} {frame.value:+.4g}")))
    if isinstance(frame.found, TextAttribution):
        st.html(coloured_text(frame.found, top=film_scale(film).high))
    else:
        st.image(panel(film, frame), width="stretch", alt=tr(f"Map of {when.lower()}"))
    signs = "Red speaks for it, blue against it" if film.signed else "Bright places speak for it"
    st.caption(tr(f"{capital(signs)}; one scale for all epochs."))


@lru_cache(maxsize=8)
def _drawn(film: Film, draw: Callable[[Film], bytes]) -> bytes:
    """Drawn once a film."""
    return draw(film)
