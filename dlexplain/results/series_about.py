"""What a series measures, in words."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesAbout:
    """A series' long name, such as "Real GDP", and its unit, "" where that is not known.

    unit_of_changes  of differences, such as percentage points where levels are in percent
    """

    title: str
    unit: str = ""
    unit_of_changes: str = ""

    @property
    def text(self) -> str:
        """As an axis says it: "Real GDP, billions of 2005 dollars"."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


def about_of(known: Mapping[str, SeriesAbout], name: str) -> SeriesAbout:
    """Of a series by its name; one that is not known keeps its name."""
    return known.get(name, SeriesAbout(name))
