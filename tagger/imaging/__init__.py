"""From file bytes to upright RGB pixels: decoding, colour, thumbnails, model input."""
