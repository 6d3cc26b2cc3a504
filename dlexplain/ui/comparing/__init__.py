"""The page Compare models: what is asked, the job, what came of it."""
