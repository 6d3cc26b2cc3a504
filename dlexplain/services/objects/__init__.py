"""Detectors and segmenters: which boxes and regions they find in a picture, and why."""
