"""Every model that is trained: where it lies, how well it does, and one catalogue of all."""
