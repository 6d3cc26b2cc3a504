"""What dlexplain keeps on disk."""
