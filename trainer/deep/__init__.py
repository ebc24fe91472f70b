"""Deep retraining: the backbone is fine-tuned with torch, then gets the same quick heads."""
