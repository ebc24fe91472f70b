"""The five published systems as recipes: the original setting against ours, on the same photos."""
