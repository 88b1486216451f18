"""Playing: lanes, seats, where episodes begin, and what follows from each step."""
