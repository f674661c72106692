"""What runtime and export agree on: records, contract, imaging, ontology."""

__version__ = "0.1.0"
