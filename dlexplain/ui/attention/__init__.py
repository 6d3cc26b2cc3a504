"""The widgets of the page on attention."""
