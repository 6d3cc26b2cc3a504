"""Inside a network: its layers, what they put out, and single steps in numbers."""
