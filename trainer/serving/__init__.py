"""Servers of language models: start, watch, share fairly, and load new adapters while they run."""
