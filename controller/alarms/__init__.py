"""Alarms: what a person is told about the kernel's status, and no more than that.

Consumes status and never commands an output; sees no I/O. `table` holds the rationalised rows
(ISA-18.2: cause, consequence, action each) of every class of unit, `watch` makes events of
edges, `chatter` keeps a flickering source from flooding.
"""
