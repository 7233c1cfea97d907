"""The part of Pulumi Cloud that the engine keeps its state in: a checkpoint, and a journal of the update under way.

A ``file://`` backend writes the whole state after each step; a journal takes what the step changed.
"""
