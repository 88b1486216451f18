"""From a game state to words: what a language model reads before it chooses among options."""
