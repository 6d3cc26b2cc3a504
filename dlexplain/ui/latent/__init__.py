"""The widgets of the page on models that make pictures."""
