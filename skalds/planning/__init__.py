"""Every decision of the system as pure functions over values; standard library only, no `async`."""
