"""Engagement: touchpoints: every visit, call, message and note, with who, when and what follows."""
