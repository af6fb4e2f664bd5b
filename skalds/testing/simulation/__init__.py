"""The whole control plane in one process on a seeded virtual clock, with faults; and what must never break, checked."""
