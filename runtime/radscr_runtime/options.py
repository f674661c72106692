"""What may differ from machine to machine; only `profile` changes what a report says of a film."""

from __future__ import annotations

from dataclasses import dataclass

from radscr_edge.claims import Profile


@dataclass(frozen=True, slots=True)
class Options:
    """Knobs of the machine, fixed for the life of a Reader."""

    threads: int = 1
    """Threads of the networks and of Phi; one leaves the PC usable while it reads."""
    decoder: str = "auto"
    """'plain', 'judge', 'fluent', or 'auto': what the bundle's manifest names."""
    prose: str = "joined"
    """How 'fluent' writes: 'joined' (verbatim sentences, Phi joins them) or 'free'."""
    prompt_threads: int | None = None
    """Threads with which Phi reads its prompt; None: as `threads`."""
    quantised_kv: bool = False
    """Whether Phi's context is kept in 8 bits even where memory is plenty."""
    memory_limit_mb: int | None = None
    """Most memory that Phi's process may take; None: what is free."""
    budget_s: float = 120.0
    """Seconds that Phi may take for a study, its start included; then `plain`, and no prose."""
    variant: str = ""
    """'int8' or 'fp32'; empty: the bundle's first one that this machine computes correctly."""
    decoding_seconds: float = 30.0
    """Longest time that decoding one study may take."""
    decoding_memory_mb: int = 768
    """Largest address space of the decoding worker."""
    advice: bool = False
    """Whether reports end with follow-up advice; the one knob that adds sentences."""
    profile: Profile = Profile.BALANCED
    """From where findings are spoken of; the report names it."""
