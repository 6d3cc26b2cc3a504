"""The page of forecasts: its widgets and views."""
