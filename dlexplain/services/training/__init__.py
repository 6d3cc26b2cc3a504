"""Trainings: what can be trained, how long it takes, the runs, and what they found."""
