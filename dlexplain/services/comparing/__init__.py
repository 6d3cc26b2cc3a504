"""Two models of one task: what they say of the same examples, and for which reasons."""
