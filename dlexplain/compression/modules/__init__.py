"""What compresses networks, with torch."""
