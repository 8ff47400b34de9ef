"""The customer file: head and tabs, charts, the edits that a person makes there, and what every number opens to."""
