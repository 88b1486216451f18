"""Makes the pocket model: collects decisions from play, trains a small language model on them, calibrates, judges."""
