"""Condition trees: the one form in which filters, segments, triggers and Today say which rows they mean."""
