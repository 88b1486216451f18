"""The Gymnasium environment: the emulator, what is observed of it, its lanes and its archive of save states."""
