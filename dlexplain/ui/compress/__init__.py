"""What the page Compress is made of."""
