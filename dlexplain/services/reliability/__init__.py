"""Whether a classifier's probabilities can be relied on, and what it certifies."""
