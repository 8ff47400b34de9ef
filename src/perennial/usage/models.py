"""The tables of product users, and of the columns that own metrics have among the daily values."""

from __future__ import annotations

from django.db import models


class ProductUser(models.Model):
    """A user of the customer's product; the lake's `user` column holds this row's id. `kind` keeps own staff, bots
    and test users out of the metrics."""

    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey(
        "perennial.Customer", null=True, on_delete=models.PROTECT, related_name="product_users"
    )
    name = models.CharField(max_length=100, default="")
    kind = models.CharField(max_length=10, default="customer")
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "customer", "external_id"], name="product_user_of_source"),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=models.Q(customer=None), name="product_user_of_nobody"
            ),
        ]


class MetricColumn(models.Model):
    """A metric of one's own as the daily values hold it: its definition as it was put in force, and its column.

    Another way of computing is another column, so that the former one serves until the new one has its whole history.
    `made_until` is the first day (since 1970) that the background has not made yet, None before it began.
    """

    key = models.CharField(max_length=40)
    column = models.CharField(max_length=60, unique=True)
    definition = models.JSONField()
    is_served = models.BooleanField(default=False)
    made_until = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(is_served=True), name="metric_column_served_of_key"
            )
        ]
