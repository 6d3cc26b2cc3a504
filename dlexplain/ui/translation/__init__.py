"""What the page of translation shares among its parts."""
