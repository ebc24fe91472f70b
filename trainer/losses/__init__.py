"""Losses of several groups at once, each with what is not known left out."""
