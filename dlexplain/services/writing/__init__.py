"""The language models: which there are, how they write and read, and what is inside them."""
