"""What is worth doing next: the story, the needs of the party, and what a lane remembers."""
