"""How the bundled policy is made: games by the rules, both heads cloned from them, judged by play."""
