"""Jobs over very many examples, in shards, on this machine or on a Ray cluster."""
