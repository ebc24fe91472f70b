"""Data that ships with the program: schemas, label maps, JSON Schemas, icons."""
