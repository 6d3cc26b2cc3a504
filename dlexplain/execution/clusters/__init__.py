"""Runs on a Ray cluster. Ray is imported only where a cluster is really used."""
