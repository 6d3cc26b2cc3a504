"""The LightningModules that train the tasks, one a file; imported by those who train or test."""
