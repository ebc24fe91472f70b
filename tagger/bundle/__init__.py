"""The model bundle: read, write, validate, adapt."""
