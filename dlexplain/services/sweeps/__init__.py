"""Sweeps: many trainings that differ in chosen fields, to find out which of them is best."""
