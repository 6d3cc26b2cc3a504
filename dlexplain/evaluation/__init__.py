"""Metrics of how far an explanation can be believed, for every kind of input."""
