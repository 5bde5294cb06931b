"""Is this server really OpenAI-compatible?

The public names for authors of cases live here; everything else is internal.
"""

from __future__ import annotations

__version__ = "0.1.0"
