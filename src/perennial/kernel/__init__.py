"""Kernel: what every room stands on: money, days, versions, organisation, journal, queue and condition trees."""
