"""The seats of a multi-model training where the emulators are: a worker of a fleet holds the agents of its lanes."""
