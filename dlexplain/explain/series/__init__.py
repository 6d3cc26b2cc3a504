"""Explaining forecasts: methods on windows of series."""
