"""Observers: what looks on while a session runs, and what it keeps of what it sees."""

from __future__ import annotations

from colanet.observers.base import Observer, Seen, Wants, worlds_of

__all__ = ["Observer", "Seen", "Wants", "worlds_of"]
