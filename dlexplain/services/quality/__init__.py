"""How far explanations can be believed: of one input, and over a data set."""
