"""The pages of reliability and smoothing: their questions, jobs and answers."""
