"""The folders that the five systems were trained on, each read in its own form, never written."""
