"""What playing processes show of their lanes while they play: screens, decisions, walked cells, as files."""
