"""Blueprint: the method's defaults as YAML, parsed and checked here; each room applies its own part."""
