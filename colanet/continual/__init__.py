"""Continual learning: tasks one after the other, online and streaming, tested on all tasks seen so far."""
