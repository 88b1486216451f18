"""Recorded episodes as data sets that other programs read: observations come back by playing them again."""
