"""Playbooks: tasks and Today: who needs a contact now, and why."""
