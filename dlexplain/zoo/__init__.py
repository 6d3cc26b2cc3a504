"""Small trained models that come with dlexplain, a folder each: weights in few bytes
(safetensors), what the model needs beside them, and a card that says how it was trained, on what,
how well it does, and how to train it again. services.zoo lists, verifies and trains them.
"""
