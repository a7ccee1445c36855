"""The store in memory, where tests have always looked for it."""

from interlock.memory_store import Invalid, MemoryStore, Watcher

__all__ = ["Invalid", "MemoryStore", "Watcher"]
