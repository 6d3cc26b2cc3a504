"""What a page, the command line or a notebook may ask for: names in, results out."""
