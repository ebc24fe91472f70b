"""The starter model: assembled from published ImageNet weights without torch."""
