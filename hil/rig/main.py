"""Starts the rig. On the device this file lies beside the folder `hil`; by hand:

micropython main.py HOST_LINE TERMINALS_LINE
"""

import sys

from hil.rig.identity import identify
from hil.rig.rig import Rig
from hil.rig.running import run


def main() -> None:
    if sys.platform == "rp2":
        from hil.rig.board_rp2 import Rp2Board

        run(Rp2Board(), Rig(identify("hil/rig", "rp2")))
    else:
        from hil.rig.board_unix import UnixBoard

        folder = sys.argv[0].rpartition("/")[0] + "/hil/rig"
        rig = Rig(identify(folder, "unix"))
        run(UnixBoard(sys.argv[1], sys.argv[2]), rig)


main()
