"""Many games side by side: worker processes, the memory they share, and the steps of all lanes."""
