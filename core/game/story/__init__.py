"""The story of a game as deeds: what each needs, what it brings about, and what is true now."""
