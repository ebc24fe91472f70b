"""The training loop of every network here: `fit` trains, `predict` asks."""
