"""Who learns: the training loop, its curriculum, its checkpoints and its settings."""
