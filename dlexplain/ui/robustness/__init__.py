"""The page Robustness: what is asked, the job, what came of it."""
