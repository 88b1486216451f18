"""The policy that plays: one head chooses an option, one presses the buttons for it."""
