"""Quick retraining: heads on kept embeddings, in seconds, in NumPy alone."""
