"""Samples and labels in the user's own files: read, divided, learnt by a network made for them, answered."""
