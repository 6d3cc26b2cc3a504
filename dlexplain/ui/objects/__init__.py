"""The page on detectors and segmenters: choose a box or a region, and see why."""
