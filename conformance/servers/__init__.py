"""Real servers that the suite is tried on, each in an environment of its own, on loopback."""
