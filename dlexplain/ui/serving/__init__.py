"""Parts of the page on many pictures."""
