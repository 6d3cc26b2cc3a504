"""Ratios against a peer or a floor, measured in one run; `make bench` runs them all."""
