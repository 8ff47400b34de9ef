"""Pure arithmetic of usage: no Django, no clock."""
