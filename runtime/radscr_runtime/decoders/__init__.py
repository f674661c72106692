"""Decoders: which supplementary sentences U join the retrieved ones Q, which stay verbatim.

Nothing is imported here: Phi's own process starts in this package, and needs little of it.
"""
