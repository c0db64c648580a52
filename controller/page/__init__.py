"""How a page with charts looks: one look for the batch report and for the bench's pages.

A leaf that knows nothing of what is shown: no record, no law, no station. So the simulator's
side may use it as well.
"""
