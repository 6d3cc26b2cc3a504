"""The point of a figure that was clicked."""

from typing import Any


def clicked(event: Any) -> int | None:
    """The place that the first selected point has as its customdata; None where none is chosen."""
    for point in event["selection"]["points"] if event else []:
        place = point.get("customdata")
        place = place[0] if isinstance(place, list) and place else place
        if isinstance(place, int | float):
            return int(place)
    return None
