"""The rig's terminals: what the press's I/O modules are wired to, in the order of the frames.

Names are those of the modules' own terminals. A reading travels as the module's count:
0.01 °C, 1 µA, 0.1 µm, 1 mA. What is not driven is open.
"""

PT100 = "pt100"  # resistance
TYPE_K = "type_k"  # thermocouple voltage at the module's cold junction
LOOP = "loop"  # 4-20 mA
POSITION = "position"  # 0-10 V
CURRENT = "current"  # 0-10 V of a current transformer's converter

ANALOGUE = (
    ("rtd_1", PT100),
    ("rtd_2", PT100),
    ("rtd_3", PT100),
    ("rtd_4", PT100),
    ("rtd_5", PT100),
    ("rtd_6", PT100),
    ("rtd_7", TYPE_K),
    ("rtd_8", TYPE_K),
    ("rtd_9", TYPE_K),
    ("rtd_10", PT100),
    ("rtd_11", PT100),
    ("loop_1", LOOP),
    ("loop_2", LOOP),
    ("loop_3", LOOP),
    ("lvdt_1", POSITION),
    ("lvdt_2", POSITION),
    ("lvdt_3", POSITION),
    ("lvdt_4", POSITION),
    ("ct_1", CURRENT),
    ("ct_2", CURRENT),
    ("ct_3", CURRENT),
    ("ct_4", CURRENT),
    ("ct_5", CURRENT),
    ("ct_6", CURRENT),
)
ANALOGUE_COUNT = len(ANALOGUE)
INPUT_COUNT = 16  # switches of the press: di_1 .. di_16
OUTPUT_COUNT = 16  # switched by the controller: do_1 .. do_16
VALVE_MV_MAX = 10000  # ao_1, 0-10 V

# Lowest and highest count a terminal can show; beyond, it stays at its end as hardware does.
COUNTS = {
    PT100: (-5000, 34000),
    TYPE_K: (-5000, 34000),
    LOOP: (0, 24000),
    POSITION: (-50000, 250000),
    CURRENT: (0, 20000),
}
_CODES = {PT100: "h", TYPE_K: "h", LOOP: "h", POSITION: "i", CURRENT: "h"}
OPEN_COUNT = {"h": -(2**15), "i": -(2**31)}  # told instead of a count: leave the terminal open
OPEN_COUNTS = tuple([OPEN_COUNT[_CODES[kind]] for _, kind in ANALOGUE])
READINGS_FORMAT = "<H" + "".join([_CODES[kind] for _, kind in ANALOGUE])  # inputs, counts


def number_of(name: str) -> int:
    """Number of an analogue terminal, or 100 + bit of a digital input. Raises ValueError."""
    for number in range(ANALOGUE_COUNT):
        if ANALOGUE[number][0] == name:
            return number
    for bit in range(INPUT_COUNT):
        if name == "di_" + str(bit + 1):
            return INPUT_NUMBER + bit
    raise ValueError("the rig has no terminal " + name)


INPUT_NUMBER = 100  # terminals from here on are digital inputs
