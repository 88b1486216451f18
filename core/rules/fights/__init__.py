"""Rules of battles: what a turn can do, what it is worth, and which buttons carry it out."""
