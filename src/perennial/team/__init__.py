"""Team: targets and what was reached of them, for the weekly meeting."""
