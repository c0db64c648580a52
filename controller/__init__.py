"""hotpress: the edge controller of a hot-press station.

Everything that waits, parses, names or talks lives here; what permits an output is C
(`native/kernel`), reached through `controller.kernel` alone.
"""
