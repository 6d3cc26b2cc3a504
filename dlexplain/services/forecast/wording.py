"""What of a forecast is explained, in words that the page and the command share."""

from dlexplain.results import SeriesAttribution, about_of, period_text
from dlexplain.results.words import capital, written
from dlexplain.services.forecast.explain import WHAT


def explained(found: SeriesAttribution, name: str) -> str:
    """A sentence: by how much a series is forecast to change, or how wide its interval is.

    name  what the series is called
    """
    date = period_text(found.date, found.period)
    if found.what == "median":
        change = change_text(found.change, found, signed=True)
        return f"{name} is forecast to change by {change} until {date}."
    width = f"{capital(WHAT[found.what])} of {name} in {date} is {change_text(found.change, found)}"
    if found.calibrated is None:
        return f"{width} as trained."
    return (
        f"{width} as trained, {change_text(found.calibrated, found)} calibrated; calibration moves "
        "both ends by the same for every forecast, so no input moves what it adds."
    )


def change_text(value: float, found: SeriesAttribution, signed: bool = False) -> str:
    """A change or a width with its unit: "5.33%", "+0.4 percentage points"."""
    unit = found.unit or about_of(found.about, found.target).unit_of_changes
    behind = unit if unit in ("", "%") else f" {unit}"
    return written(value, signed=signed, digits=3) + behind
