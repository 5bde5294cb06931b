"""Legal differences between conforming servers; nothing may fail under any of them."""

from __future__ import annotations
