"""The page Attack: what is asked, and what came of it."""
