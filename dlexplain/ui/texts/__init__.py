"""The widgets of the page on texts."""
