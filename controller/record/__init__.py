"""The batch record: one SQLite file a batch, written beside the loop, read by anybody.

The report is not imported here: its charts need matplotlib (extra `report`), and a
control process has no use for it. Take `render_report` from `controller.record.report`.
"""

from controller.record.export import export_csv
from controller.record.journal import BatchRecord
from controller.record.kpi import Kpi, Kpis, kpis
from controller.record.model import BatchHeader, RecordError, Seal
from controller.record.reader import StoredRecord, list_records, open_record, record_path
from controller.record.summary import Summary, sparkline, summarise

__all__ = [
    "BatchHeader",
    "BatchRecord",
    "Kpi",
    "Kpis",
    "RecordError",
    "Seal",
    "StoredRecord",
    "Summary",
    "export_csv",
    "kpis",
    "list_records",
    "open_record",
    "record_path",
    "sparkline",
    "summarise",
]
