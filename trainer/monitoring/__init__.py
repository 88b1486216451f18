"""Watching a training of several models: numbers to files, TensorBoard and Prometheus; pictures of who did what."""
