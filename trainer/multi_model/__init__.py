"""Core SRL's trainer: several agents, each with a model of its own, learn together and share what the mode allows."""
