"""Sentence libraries: prototypes, vectors and index of the written one or of a user's reports."""
