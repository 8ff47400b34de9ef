"""The renewals' pages: the board by month, and the room of each term."""
