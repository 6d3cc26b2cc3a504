"""The widgets of the page on language models."""
