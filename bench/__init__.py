"""Figures: each file measures some of them and holds each against what must be reached. Never part of the tests."""
