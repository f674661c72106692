"""Forms of a report: one file a format, all of them drawn from one record."""

from radscr_runtime.outputs.folder import make_folder, save_report
from radscr_runtime.outputs.html import to_html
from radscr_runtime.outputs.record import to_json, to_record
from radscr_runtime.outputs.text import to_text

__all__ = [
    "make_folder",
    "save_report",
    "to_html",
    "to_json",
    "to_record",
    "to_text",
]
