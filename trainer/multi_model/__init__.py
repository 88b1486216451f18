"""Core SRL's trainer: several agents, each with its own model, learn at the same time and share what the mode allows."""
