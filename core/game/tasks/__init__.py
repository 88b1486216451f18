"""Short tasks of a game: what is wanted, where it begins, and when it is done."""
