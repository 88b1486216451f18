"""The world and the decision: the game seen from outside, and who presses the next button. No torch, no network."""
