"""The arithmetic of alerts: pure, no Django, no database, no clock. Statistics are floats and say so."""
