"""What the system needs from the outside, as small async Protocols that speak only `model`."""
