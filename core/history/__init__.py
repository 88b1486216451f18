"""The record of every decision: schema, store, rollups and the questions asked of them (one SQLite file)."""
