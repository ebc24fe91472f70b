"""From photos to batches, so that the step never waits: decoding, augmentation, prefetching."""
