"""The page of layers, view by view."""
