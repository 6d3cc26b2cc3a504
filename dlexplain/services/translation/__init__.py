"""The translators: which there are, what they write, and which source words moved it."""
