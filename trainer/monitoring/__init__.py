"""Monitoring of a training with several models: numbers to files, TensorBoard and Prometheus; pictures."""
