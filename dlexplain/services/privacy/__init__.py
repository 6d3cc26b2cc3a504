"""What a model betrays of the records that it was trained on."""
