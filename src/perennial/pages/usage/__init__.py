"""The analysis pages of usage: a metric over time, who uses which feature, who of a month's beginners still comes."""
