"""Networks: backbones by name with their own preprocessing and weights, heads, freezing, export."""
