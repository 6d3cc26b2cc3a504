"""What the page Launch asks."""
