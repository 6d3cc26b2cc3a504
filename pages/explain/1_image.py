"""A picture goes in, its classes and the parts that decided come out."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.services.pictures import class_definition, class_titles
from dlexplain.ui.address import from_address, to_address
from dlexplain.ui.pictures import choose_picture

if TYPE_CHECKING:
    from dlexplain.results import Attribution, Prediction
    from dlexplain.services.jobs import Job
    from dlexplain.services.models import LoadedModel
    from dlexplain.services.pictures import Picture
    from dlexplain.ui.state import Answers, Ask, Request

MODEL = "efficientnet-lite0"
FIRST_METHODS = ["grad-cam", "integrated-gradients", "superpixel-ablation"]
SIGNS = {"both": "Both", "positive": "Only for", "negative": "Only against"}
POLL_SECONDS = 0.5
COLUMNS = 3
FIGURE = {"displayModeBar": False, "scrollZoom": False}


def main() -> None:
    st.title("Explain a picture")
    picture, sample = choose_picture()
    if picture is None:
        st.info(
            "Drop a picture of your own above, or open **Samples**. You will see its classes, "
            "and then which parts of it decided.",
            icon=":material/arrow_upward:",
        )
        return
    # torch is imported from here on, so the empty page is there at once.
    from dlexplain.ui import cache

    try:
        model = cache.model(MODEL)
    except DlexplainError as error:
        st.error(str(error))
        return
    prediction = show_prediction(model, picture)
    request = ask(model, picture, prediction)
    share(sample)
    if request is not None:
        show_answers(model, picture, prediction, request)


def show_prediction(model: "LoadedModel", picture: "Picture") -> "Prediction":
    from dlexplain.figures.prediction import plot_prediction
    from dlexplain.ui import cache

    prediction = cache.prediction(model.name, picture)
    seen, classes = st.columns([1, 2], gap="large", vertical_alignment="center")
    with seen:
        height, width = picture.pixels.shape[:2]
        st.image(model.view(picture), width=320, caption=f"{picture.name}, {width} × {height}: "
                 "the square in the middle, which is what the model sees")  # fmt: skip
    with classes:
        best = prediction.scores[0]
        st.subheader(f"{best.name.label}, {best.probability:.1%}")
        st.caption(class_definition(best.name.index).capitalize())
        st.plotly_chart(plot_prediction(prediction), config=FIGURE, key="prediction")
        st.caption(f"{model.spec.title} on {model.device}, five best of 1,000 ImageNet classes")
    return prediction


def ask(model: "LoadedModel", picture: "Picture", prediction: "Prediction") -> "Request | None":
    """The question's widgets; returns the request to show, the last one that was asked."""
    from dlexplain.ui import cache

    st.subheader("Why?")
    titles = list(class_titles())
    known = cache.methods(model.name)
    from_address("target", lambda text: titles[model.find_class(text).index])
    from_address("contrast", lambda text: titles[model.find_class(text).index])
    from_address("methods", lambda text: [known[name].name for name in text.split(",")])
    st.session_state.setdefault("methods", FIRST_METHODS)
    why, rather = st.columns(2)
    best = prediction.scores[0].name
    target = why.selectbox(
        "Why this class",
        titles,
        index=None,
        placeholder=f"{best.label}, the most probable (or type any class)",
        key="target",
        persist_state="session",
        help="Any of the 1,000 classes, by name, index or WordNet id.",
    )
    contrast = rather.selectbox(
        "Rather than",
        titles,
        index=None,
        placeholder="No second class (or type any class)",
        key="contrast",
        persist_state="session",
        help="Explains the difference of the two classes' scores: what speaks for the first "
        "rather than for the second.",
    )
    chosen = st.multiselect(
        "Methods",
        list(known),
        format_func=lambda name: known[name].title,
        key="methods",
        persist_state="session",
        placeholder="Choose one or several methods",
    )
    params = method_settings(model, chosen)
    wanted = _request(picture, titles, target, contrast, best.index, chosen, params)
    if wanted is not None and wanted.target == wanted.contrast:
        st.error("The two classes are the same; choose another one to compare with.")
        wanted = None
    pressed = st.button(
        "Explain", type="primary", disabled=wanted is None, icon=":material/search:"
    )
    asked: Request | None = st.session_state.get("request")
    if wanted is not None and (pressed or asked is None or asked.digest != wanted.digest):
        asked = st.session_state["request"] = wanted
    elif wanted is not None and wanted != asked:
        st.caption("Press Explain to answer the changed question; below is the last answer.")
    if not chosen:
        st.info("Choose at least one method.")
    return asked if asked is not None and asked.digest == picture.digest else None


def share(sample: str | None) -> None:
    """Keep the question in the page's address."""
    state, titles = st.session_state, class_titles()
    classes = {
        key: str(titles.index(state[key])) if state.get(key) else None
        for key in ("target", "contrast")
    }
    to_address({"sample": sample, **classes, "methods": ",".join(state.get("methods", []))})


def method_settings(
    model: "LoadedModel", chosen: list[str]
) -> dict[str, dict[str, int | float | str | bool]]:
    """Describe one method at a time and let its parameters be changed."""
    from dlexplain.ui import cache
    from dlexplain.ui.forms import params_form

    known = cache.methods(model.name)
    stored = st.session_state.setdefault("params", {})
    if not chosen:
        return {}
    with st.expander("Methods and their parameters", icon=":material/tune:", key="tune",
                     on_change="rerun") as opened:  # fmt: skip
        if opened.open:
            name = st.segmented_control(
                "Method",
                chosen,
                default=chosen[0],
                format_func=lambda name: known[name].title,
                required=True,
                label_visibility="collapsed",
            )
            info = known[name or chosen[0]]
            st.markdown(info.description)
            facts = [f"{info.family} method", "signed" if info.signed else "unsigned"]
            facts += ["promises completeness"] if info.complete else []
            st.caption(f"{', '.join(facts).capitalize()}. {info.paper}")
            if info.params:
                choices = cache.choices(model.name, info.name)
                stored[info.name] = params_form(info.name, info.params, choices)
    defaults = {
        name: {key: spec.default for key, spec in known[name].params.items()} for name in chosen
    }
    return {name: defaults[name] | stored.get(name, {}) for name in chosen}


def _request(
    picture: "Picture",
    titles: list[str],
    target: str | None,
    contrast: str | None,
    best: int,
    chosen: list[str],
    params: dict[str, dict[str, int | float | str | bool]],
) -> "Request | None":
    from dlexplain.ui import cache
    from dlexplain.ui.state import Ask, Request

    if not chosen:
        return None
    known = cache.methods(MODEL)
    asks = tuple(
        Ask(name, known[name].title, known[name].family, tuple(params[name].items()))
        for name in chosen
    )
    return Request(
        picture.digest,
        best if target is None else titles.index(target),
        None if contrast is None else titles.index(contrast),
        asks,
    )


def show_answers(
    model: "LoadedModel", picture: "Picture", prediction: "Prediction", request: "Request"
) -> None:
    from dlexplain.ui.state import answer

    answers = answer(st.session_state, model, picture, request)
    strength, sign, _ = st.columns([2, 2, 1], gap="large", vertical_alignment="bottom")
    strength.slider(
        "Overlay", 0, 100, 60, 5, format="%d%%", key="strength",
        help="0% shows the picture alone, 100% the map alone.",
    )  # fmt: skip
    sign.segmented_control(
        "Evidence", list(SIGNS), default="both", format_func=SIGNS.__getitem__, key="sign",
        required=True, help="Signed maps: red speaks for the class, blue against it.",
    )  # fmt: skip
    live = st.fragment(cards, run_every=POLL_SECONDS if answers.active else None)
    live(model, picture, prediction, answers)


def cards(
    model: "LoadedModel", picture: "Picture", prediction: "Prediction", answers: "Answers"
) -> None:
    was_active = answers.active
    places = list(range(len(answers.jobs)))
    for first in range(0, len(places), COLUMNS):
        columns = st.columns(COLUMNS)
        for column, place in zip(columns, places[first : first + COLUMNS], strict=False):
            with column, st.container(border=True):
                card(model, picture, answers, place)
    done = [job.result for job in answers.jobs if job.result is not None]
    st.download_button(
        "Download everything",
        lambda: _bundle(prediction, done),
        file_name="dlexplain.zip",
        mime="application/zip",
        disabled=was_active or not done,
        icon=":material/download:",
        on_click="ignore",
        help="Maps as PNG and NPZ, and a JSON with all it takes to repeat them.",
    )
    if st.session_state.get("polling") and not was_active:
        st.session_state["polling"] = False
        st.rerun()
    st.session_state["polling"] = was_active


def card(model: "LoadedModel", picture: "Picture", answers: "Answers", place: int) -> None:
    from dlexplain.figures.attribution import map_figure, plot_attribution

    job, method = answers.jobs[place], answers.request.asks[place]
    strength, sign = st.session_state["strength"] / 100, st.session_state["sign"] or "both"
    title = f"**{job.title}**"
    if job.result is not None:
        title += "  \n" + f":small[{job.result.class_question}]"
        figure = plot_attribution(job.result, strength, sign)
    else:
        title += "  \n" + f":small[{_waiting_text(job)}]"
        figure = map_figure(model.view(picture), job.snapshot.preview, _signed(model, method),
                            strength)  # fmt: skip
    st.markdown(title)
    st.plotly_chart(figure, config=FIGURE, key=f"map-{place}")
    if job.active:
        _progress(job, place)
    elif job.result is not None:
        _facts(job.result, place)
    else:
        _stopped(model, picture, job, place)


def _signed(model: "LoadedModel", method: "Ask") -> bool:
    from dlexplain.ui import cache

    return cache.methods(model.name)[method.method].signed


def _waiting_text(job: "Job") -> str:
    if job.state == "running" and job.snapshot.preview is not None:
        return "first coarse map"
    return {"waiting": "waiting its turn", "running": "computing"}.get(job.state, job.state)


def _progress(job: "Job", place: int) -> None:
    shot = job.snapshot
    left = shot.seconds_left
    text = "Waiting" if job.state == "waiting" else f"{shot.done} of {shot.planned} evaluations"
    text += f", about {max(1, round(left))} s left" if left is not None else ""
    bar, stop = st.columns([3, 1], vertical_alignment="center")
    bar.progress(shot.fraction, text)
    if stop.button("Cancel", key=f"cancel-{place}", type="tertiary", width="stretch"):
        job.cancel()


def _facts(result: "Attribution", place: int) -> None:
    from dlexplain.figures.overlay import overlay_png
    from dlexplain.services.bundle import stem

    plural = "" if result.evaluations == 1 else "s"
    facts = [f"{result.seconds:.2f} s", f"{result.evaluations:,} evaluation{plural}"]
    if result.completeness_error is not None:
        facts.append(f"completeness error {result.completeness_error:.1%}")
    st.caption(", ".join(facts) + ("  \n" + result.note if result.note else ""))
    strength, sign = st.session_state["strength"] / 100, st.session_state["sign"] or "both"
    downloads = (("PNG", "image/png", lambda: overlay_png(result, strength, sign)),
                 ("NPZ", "application/octet-stream", result.to_npz))  # fmt: skip
    with st.container(horizontal=True):
        for kind, mime, make in downloads:
            st.download_button(
                kind,
                make,
                file_name=f"{stem(result)}.{kind.lower()}",
                mime=mime,
                key=f"{kind}-{place}",
                icon=":material/download:",
                on_click="ignore",
                type="tertiary",
            )


def _stopped(model: "LoadedModel", picture: "Picture", job: "Job", place: int) -> None:
    from dlexplain.ui.state import again

    if job.state == "failed":
        st.error(job.error)
    else:
        st.caption("Cancelled.")
    if st.button("Run again", key=f"again-{place}", icon=":material/refresh:", type="tertiary"):
        again(st.session_state, model, picture, place)
        st.rerun()


def _bundle(prediction: "Prediction", done: "list[Attribution]") -> bytes:
    from dlexplain.figures.overlay import overlay_png
    from dlexplain.services.bundle import bundle, stem

    return bundle(prediction, done, {stem(result): overlay_png(result) for result in done})


main()
