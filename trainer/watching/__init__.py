"""Looking at a game while it is played: the picture with its decision, and where it is shown."""
