"""One library on disk: scan, catalog, cache, annotation file, metadata, import, export."""
