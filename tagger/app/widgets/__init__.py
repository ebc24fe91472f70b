"""The window's own widgets; each shows one view-model."""
