"""`crystal-agent doctor --llm`: real questions of the config's game, put to the configured language model."""
