"""Learning from decisions: everything that may import torch."""
