"""The page of trust: its question, its job, its tables."""
