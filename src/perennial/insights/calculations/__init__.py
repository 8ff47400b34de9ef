"""The arithmetic of insights: pure, no Django, no database, no clock. Statistics are floats and say so."""
