"""Reports: made of results, kept, exported; and notebooks that repeat them."""
