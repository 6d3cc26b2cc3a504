"""Long names and units of the series of the data sets that the product knows.

macrodata as statsmodels describes it; FRED-MD as the appendix of McCracken and Ng 2016 does.
"""

from collections.abc import Mapping

from dlexplain.results.series import SeriesAbout

DOLLARS = ("billions of 2005 dollars", "billions of 2005 dollars")
PERCENT = ("percent", "percentage points")
PRICES = ("1982–84 = 100", "points")
INDEX = ("index", "points")
"""Units of levels and of their changes."""

ABOUT: Mapping[str, Mapping[str, SeriesAbout]] = {
    "macrodata": {
        "realgdp": SeriesAbout("Real GDP", *DOLLARS),
        "realcons": SeriesAbout("Real consumption", *DOLLARS),
        "realinv": SeriesAbout("Real private investment", *DOLLARS),
        "realgovt": SeriesAbout("Real government spending", *DOLLARS),
        "realdpi": SeriesAbout("Real disposable income", *DOLLARS),
        "cpi": SeriesAbout("Consumer price index", *PRICES),
        "m1": SeriesAbout("Money stock M1", "billions of dollars", "billions of dollars"),
        "tbilrate": SeriesAbout("3-month Treasury bill rate", *PERCENT),
        "unemp": SeriesAbout("Unemployment rate", *PERCENT),
        "pop": SeriesAbout("Population", "millions", "millions"),
        "infl": SeriesAbout("Inflation", "percent a year", "percentage points"),
        "realint": SeriesAbout("Real interest rate", *PERCENT),
    },
    "fred-md": {
        "UNRATE": SeriesAbout("Unemployment rate", *PERCENT),
        "CPIAUCSL": SeriesAbout("Consumer price index", *PRICES),
        "INDPRO": SeriesAbout("Industrial production", *INDEX),
        "PAYEMS": SeriesAbout("Employees, nonfarm", "thousands", "thousands"),
        "FEDFUNDS": SeriesAbout("Federal funds rate", *PERCENT),
        "GS10": SeriesAbout("10-year Treasury yield", *PERCENT),
        "HOUST": SeriesAbout("Housing starts", "thousands a year", "thousands a year"),
        "S&P 500": SeriesAbout("S&P 500 share prices", *INDEX),
    },
}
"""Data set -> series -> what it measures."""


def about_series(data: str) -> Mapping[str, SeriesAbout]:
    """Of a data set by its name; empty where nothing is known, as of your own CSV."""
    return ABOUT.get(data, {})
