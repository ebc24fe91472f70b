"""What the window shows, as arrays and small values; nothing in here knows of Qt."""
