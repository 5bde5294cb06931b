"""The structure of a target's answers, kept, so that a later run shows what has drifted.

Not a requirement: what a target sends may change in every legal way. It tells a provider's engineer
that a release removed, retyped or emptied a field, and a team that their provider did.
"""
