"""The whole control plane in one process on a seeded virtual clock, with faults, and checks of what must never break."""
