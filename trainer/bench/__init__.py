"""Measure the trainer's ways of learning on a folder of labelled photos."""
