"""Time as the provider sees it, so that tests can move it.

Everything about time (creation stamps, windows, resets, pacing, expiry, state machines)
goes through a `Clock`; nothing in the provider reads the machine's time itself.
"""

from __future__ import annotations

from conformance.clock import Clock, SystemClock, VirtualClock

__all__ = ["Clock", "SystemClock", "VirtualClock"]
