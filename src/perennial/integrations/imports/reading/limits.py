"""How much of a stranger's file is read (promises I1, I2). Everything here is checked before memory is spent on it."""

MEGABYTE = 1_000_000

ARCHIVE_BYTES = 200 * MEGABYTE  # sum of the unpacked members
TEXT_BYTES = 2_000 * MEGABYTE  # one CSV, unpacked
RATIO = 100  # unpacked / packed
RATIO_MATTERS_FROM = 10 * MEGABYTE  # a small archive harms nobody, however well it packs
MEMBERS = 1_000

SHEET_ROWS = 1_048_576
COLUMNS = 1_000
SHEET_CELLS = 20_000_000  # the reader of workbooks allocates the whole rectangle
CELL_CHARACTERS = 100_000
ROW_CHARACTERS = 1_000_000
LINE_CHARACTERS = 16 * MEGABYTE
NAME_CHARACTERS = 200  # of a column of a Parquet file, which sets no bound itself

CHILD_MEMORY = 1_000 * MEGABYTE  # address space
CHILD_CPU_SECONDS = 20  # and for each megabyte of the file as it came:
CHILD_CPU_SECONDS_PER_MEGABYTE = 2
CHILD_WALL_SECONDS = 25  # and for each megabyte:
CHILD_WALL_SECONDS_PER_MEGABYTE = 5  # a machine that does other work too takes longer than its processor's time
CHILD_OUTPUT_BYTES = 3_000 * MEGABYTE
CHILD_OUTPUT_TIMES = 4  # the size of the file as it came, where that is more: columns are packed, their copy is not
