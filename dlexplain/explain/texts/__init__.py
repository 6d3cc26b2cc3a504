"""Explaining texts: which tokens decided. The methods are registered by importing `methods`."""
