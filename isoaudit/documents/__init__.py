"""Reads text formats that strangers write, with the position of every value and hard limits."""
