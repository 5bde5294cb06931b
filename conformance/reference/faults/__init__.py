"""The planted faults, one module for each area; every module here is found by itself."""

from __future__ import annotations
