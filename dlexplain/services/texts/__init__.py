"""The text classifiers: which there are, what they say of a text, why, and where they look."""
