"""The documented benchmark of the cooperative-competitive game: two learners against two fixed policies."""
