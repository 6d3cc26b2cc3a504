"""The report of a picture: its classes, and the maps of one or several methods and models."""

from dlexplain.figures.prediction import plot_prediction
from dlexplain.figures.reports.making import chart_of, map_of, measured_section, seen
from dlexplain.language import tr
from dlexplain.results import Attribution, Prediction
from dlexplain.results.explained import ExplainedPicture, believed
from dlexplain.results.reports import About, Part, Report, Section, report_of
from dlexplain.results.words import listed


@report_of.register
def report_picture(found: ExplainedPicture, about: About) -> Report:
    """What the models say of the picture, and which parts decided."""
    first = found.maps[0]
    name = first.path or tr("the picture")
    return Report(
        "picture",
        f"{name}: {first.class_question}",
        _question(found, name),
        _answer(found),
        (_said(found, name), _why(found), *measured_section(found.measured)),
        about,
    )


def _question(found: ExplainedPicture, name: str) -> str:
    first = found.maps[0]
    models = list(dict.fromkeys(one.model for one in found.maps))
    says = [p for p in found.predictions if p.model == first.model]
    if says and says[0].scores[0].name.index == first.target.index:
        verb = "does" if len(models) == 1 else "do"
        return tr(f"Why {verb} {listed(models)} say {first.class_question} of {name}?")
    return tr(f"What in {name} speaks for {first.class_question} to {listed(models)}?")


def _answer(found: ExplainedPicture) -> str:
    if found.reason:
        return f"{tr(found.reason)} {tr(believed(found.measured))}".strip()
    if found.predictions:
        told = [_says(one) for one in found.predictions]
        return f"{'; '.join(told)}. {believed(found.measured)}".strip()
    first = found.maps[0]
    way = f", {first.way}" if first.way else ""
    count = tr(f"{len(found.maps)} maps show") if len(found.maps) > 1 else f"{first.title} shows"
    return tr(
        f"{count} what speaks for {first.class_question}{way}. {believed(found.measured)}"
    ).strip()


def _says(said: Prediction) -> str:
    best = said.scores[0]
    return tr(f"{said.model} says {best.name.label}, {best.text}")


def _said(found: ExplainedPicture, name: str) -> Section:
    parts: list[Part] = []
    picture = found.maps[0].picture
    if picture is not None:
        parts.append(seen(picture, name))
    for said in found.predictions:
        alt = tr(f"Bar chart of the classes that {said.model} finds most probable: ") + ", ".join(
            f"{score.name.label} {score.text}" for score in said.scores
        )
        parts.append(chart_of(plot_prediction(said), alt, tr(f"The classes of {said.model}.")))
    return Section(tr("What the model says"), tuple(parts))


def _why(found: ExplainedPicture) -> Section:
    many = len({one.model for one in found.maps}) > 1
    parts = [map_of(one, _title(one, many)) for one in found.maps]
    return Section(tr("Which parts decided"), tuple(parts))


def _title(one: Attribution, many: bool) -> str:
    return f"{one.title}, {one.model}" if many else one.title
