"""The forecasters: which there are, what they foretell, how well, and why."""
