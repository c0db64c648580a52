"""The batch record: one SQLite file a batch, written beside the loop, read by anybody."""
