"""Parts of the page Shortcut lab."""
