"""Workers that hold emulators and the agent that plays in them: the seam between what plays and what learns."""
