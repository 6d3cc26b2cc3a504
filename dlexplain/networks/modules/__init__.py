"""The modules that the specs beside name, one architecture a file, and what they share."""
