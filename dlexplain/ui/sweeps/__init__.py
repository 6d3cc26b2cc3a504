"""What the page Sweep shows and asks."""
