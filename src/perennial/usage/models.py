"""The table of product users."""

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
