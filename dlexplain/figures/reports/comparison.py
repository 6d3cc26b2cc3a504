"""The report of a comparison of two models' reasons."""

from dlexplain.figures.model_comparison import (
    compared_pictures,
    compared_series,
    plot_class_drift,
    plot_model_comparison,
)
from dlexplain.figures.reports.making import chart_of, rows_of, small
from dlexplain.language import tr
from dlexplain.results import ModelComparison
from dlexplain.results.model_comparison import PackedMap, ShownExample
from dlexplain.results.model_comparison_words import MEANS, number, verdict
from dlexplain.results.reports import (
    About,
    Coloured,
    Part,
    Report,
    Rows,
    Section,
    Shown,
    Words,
    report_of,
)
from dlexplain.results.words import capital

SHOWN = 4
"""Examples whose maps stand in a report, those that drift most."""
LISTED = 12
"""Examples in its table."""


@report_of.register
def report_comparison(found: ModelComparison, about: About) -> Report:
    """How far the reasons drift, in which classes and examples."""
    return Report(
        "comparison",
        tr(f"{found.model} and {found.other}"),
        tr(f"Do {found.model} and {found.other} decide for the same reasons?"),
        verdict(found),
        (_drift(found), *_classes(found), *_examples(found)),
        about,
    )


def _drift(found: ModelComparison) -> Section:
    alt = tr(f"A dot for the drift of each of {found.done:,} {found.noun}, and the mean")
    parts: list[Part] = [
        chart_of(plot_model_comparison(found), alt, tr("Orange: the two say different classes.")),
        Rows(
            ("", "Mean, 95% interval", "n"),
            tuple((capital(name), number(one), f"{one.n:,}") for name, one in found.means()),
        ),
    ]
    if found.changes:
        rows = tuple((one.title, f"{one.count:,}", str(one.share)) for one in found.changes)
        parts.append(Rows((tr("What became of the classes"), "n", "Share, 95% interval"), rows))
    parts += [Words(MEANS.replace("**", "")), *(Words(note) for note in found.notes)]
    return Section(tr("How far the reasons drift"), tuple(parts))


def _classes(found: ModelComparison) -> tuple[Section, ...]:
    if len(found.classes) < 2:
        return ()
    alt = tr("The mean drift of each class with its interval, the largest on top")
    return (Section(tr("Classes that lost most"), (chart_of(plot_class_drift(found), alt),)),)


def _examples(found: ModelComparison) -> tuple[Section, ...]:
    known = {one.place: one for one in found.shown}
    most = [one for one in found.lost_most if one.place in known][:SHOWN]
    parts: list[Part] = []
    for one in most:
        says = " and ".join(dict.fromkeys(one.said[:2]))
        told = tr(f"{one.name}: why {one.target}, drift {one.drift or 0:.2f}")
        parts.append(Words(told + (tr(f", said to be {says}") if says else "") + "."))
        parts += _maps(found, known[one.place], one.target)
    rows = [
        {"Example": one.name, "Explained": one.target, "Drift": f"{one.drift or 0:.3f}"}
        for one in found.lost_most[:LISTED]
    ]
    if rows:
        parts.append(rows_of(rows, tr(f"The {len(rows)} that drift most")))
    return (Section(tr("Side by side"), tuple(parts)),) if parts else ()


def _maps(found: ModelComparison, shown: ShownExample, target: str) -> list[Part]:
    names = [one.model for one in shown.maps]
    if found.modality == "picture":
        contents = compared_pictures(found, shown)
        titles = [tr("The picture"), *names]
        return [
            Shown(small(content), tr(f"{title}: the map of {found.title} for {target}")
                  if place else tr("The picture as the models saw it"), title)
            for place, (content, title) in enumerate(zip(contents, titles, strict=True))
        ]  # fmt: skip
    if found.modality == "series":
        return [
            chart_of(figure, tr(f"Heat map of {name}, series by period"), name)
            for figure, name in zip(compared_series(found, shown), names, strict=True)
        ]
    top = max(float(abs(one.map).max(initial=0)) for one in shown.maps)
    return [_words(one, top, found.signed) for one in shown.maps]


def _words(one: PackedMap, top: float, signed: bool) -> Coloured:
    values = [float(value) for value in one.map]
    pieces = [
        (word, round(value / top, 4) if top else 0.0, f"{value:+.2f}".replace("-", "−"))
        for word, value in zip(one.words, values, strict=True)
    ]
    spaced = [piece for each in pieces for piece in (each, (" ", 0.0, ""))]
    return Coloured(tuple(spaced[:-1]), signed, one.model)
