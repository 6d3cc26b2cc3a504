"""Trained models as they lie on disk, the zoo's and the runs': read, scored, verified."""
