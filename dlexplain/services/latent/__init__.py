"""The models that make pictures: which there are, their codes, and what they make."""
