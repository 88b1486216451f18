"""Files that survive a kill: checkpoints, and atomic writes."""
