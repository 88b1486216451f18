"""Playing the frozen agent on new games, and what the results say."""
