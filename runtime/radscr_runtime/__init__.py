"""Reads chest radiographs on a CPU, offline: `from radscr_runtime import Reader`."""

from radscr_edge.errors import BundleError, DecoderError, RadscrError, StudyError
from radscr_runtime.options import Options
from radscr_runtime.reader import Reader

__all__ = ["BundleError", "DecoderError", "Options", "RadscrError", "Reader", "StudyError"]
