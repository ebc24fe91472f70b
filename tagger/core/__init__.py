"""The words of the design as code: NumPy only, no Qt, no SQL, no files."""
