"""Long names and units of the series that the product knows."""

from dlexplain.data.series import names_in
from dlexplain.data.series_about import about_series
from dlexplain.data.sets import fred_md, macrodata
from dlexplain.results import about_of


def test_every_series_that_models_read_has_a_long_name_and_a_unit() -> None:
    for data, names in (
        ("macrodata", list(macrodata.CODES)),
        ("fred-md", names_in(fred_md.SERIES)),
    ):
        known = about_series(data)
        assert set(known) == set(names)
        assert all(one.title and one.unit and one.unit_of_changes for one in known.values())


def test_what_is_not_known_keeps_its_name() -> None:
    assert about_series("csv-series") == {}
    assert about_of(about_series("macrodata"), "gold").text == "gold"
    assert (
        about_of(about_series("macrodata"), "realgdp").text == "Real GDP, billions of 2005 dollars"
    )
