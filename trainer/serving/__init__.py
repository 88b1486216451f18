"""Servers of language models: started, watched, shared fairly, and given new adapters while they run."""
