"""The 37 abnormalities with their hierarchy, and the anatomical zones."""

from radscr_edge.ontology.findings import FINDINGS, ORGANS, FindingType, Ontology, load_ontology
from radscr_edge.ontology.zones import ZONES, Zone, zone_words, zones_of

__all__ = [
    "FINDINGS",
    "ORGANS",
    "ZONES",
    "FindingType",
    "Ontology",
    "Zone",
    "load_ontology",
    "zone_words",
    "zones_of",
]
