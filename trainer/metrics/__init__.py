"""Figures of predictions, computed by scikit-learn and torchmetrics.

What is done here is masking, grouping and resampling. Every figure comes with its support and a
bootstrap interval over photos.
"""
