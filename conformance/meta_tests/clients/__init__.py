"""Programs that know nothing of the suite: well-known clients, each as its users call it.

Base URL, key and model come as arguments; each prints one JSON line of what it got.
"""
