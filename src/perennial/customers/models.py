"""The tables of customers."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models

from perennial.kernel.versions import Version


def new_key() -> str:
    """Return a public key of a customer: what addresses and exports carry instead of the row's number."""
    return secrets.token_hex(5)


class Reseller(models.Model):
    """A company that signs or sells for an end customer."""

    name = models.CharField(max_length=200, unique=True)


class Customer(models.Model):
    """A company, or a site of one; customers form a tree. Identity is (source, external id), never the name."""

    key = models.CharField(max_length=20, unique=True, default=new_key)
    name = models.CharField(max_length=200)
    name_sort = models.CharField(max_length=400, db_index=True)
    legal_name = models.CharField(max_length=200, default="")
    credit_code = models.CharField(max_length=18, null=True, unique=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    reseller = models.ForeignKey(Reseller, null=True, on_delete=models.PROTECT, related_name="customers")
    industry = models.CharField(max_length=100, null=True)
    country = models.CharField(max_length=100, null=True)
    region = models.CharField(max_length=100, null=True)
    segment = models.CharField(max_length=100, null=True)
    deployment = models.CharField(max_length=20, null=True)
    signed_up_on = models.DateField(null=True)
    first_value_on = models.DateField(null=True)
    tags = models.JSONField(default=list)
    custom = models.JSONField(default=dict)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="absorbed")
    import_id = models.BigIntegerField(null=True)
    learned_at = models.DateTimeField()


class ExternalId(models.Model):
    """What another system calls a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="external_ids")
    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="external_id_of_source")]


class CustomerAlias(models.Model):
    """After a merge: the number that old facts carry, and the customer that they count for. Read at query time."""

    old_id = models.BigIntegerField(unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="aliases")
    at = models.DateTimeField()


class Ownership(Version):
    """Who owned a customer from which day on: owners are dated, so that a past book can be seen as it was."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="ownerships")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField()

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "from_on"], name="ownership_of_customer")]


class Contact(Version):
    """A person at a customer. `level` 1 decides the contract, 2 is the day-to-day counterpart; `rung` 0..4 is the
    relationship ladder: stranger, knows you, understands you, recognises you, willing to help."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=100, default="")
    email = models.CharField(max_length=254, default="")
    phone = models.CharField(max_length=50, default="")
    level = models.PositiveSmallIntegerField(null=True)
    decision_role = models.CharField(max_length=30, default="")
    rung = models.PositiveSmallIntegerField(null=True)
    is_champion = models.BooleanField(default=False)
    left_on = models.DateField(null=True)

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "superseded_at"], name="contact_of_customer")]


OWN_PLACES = 40
OWN_COLUMNS = tuple(f"own_{place:02}" for place in range(1, OWN_PLACES + 1))
"""The columns of the portfolio row in which metrics of one's own stand, one for each that may be defined."""


class OwnField(models.Model):
    """A metric of one's own that lists know: the column of the portfolio row that it has, and its words as usage has
    them (label and definition in three languages, unit, expression)."""

    key = models.CharField(max_length=40, unique=True)
    column = models.CharField(max_length=20, unique=True)
    told = models.JSONField()


class PortfolioRow(models.Model):
    """One row per customer with everything that lists, filters and Today read; rewritten by reactions.

    Money is minor units of `currency`, excluding tax, rounded half-even; scores are points; history is in the lake.
    Beside the columns below it has OWN_COLUMNS; which metric stands in which, `OwnField` says.
    """

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.CASCADE, related_name="portfolio")
    key = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    name_sort = models.CharField(max_length=400)
    parent = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey("perennial.Team", null=True, on_delete=models.PROTECT, related_name="+")
    tier = models.CharField(max_length=20, null=True)
    stage = models.CharField(max_length=20, null=True)
    stage_since_on = models.DateField(null=True)
    onboarding_started_on = models.DateField(null=True)
    first_value_on = models.DateField(null=True)
    industry = models.CharField(max_length=100, null=True)
    country = models.CharField(max_length=100, null=True)
    region = models.CharField(max_length=100, null=True)
    segment = models.CharField(max_length=100, null=True)
    tags = models.TextField(default="")
    custom = models.JSONField(default=dict)
    currency = models.CharField(max_length=3)
    is_live = models.BooleanField(default=False)
    mrr = models.BigIntegerField(null=True)
    arr = models.BigIntegerField(null=True)
    next_renewal_on = models.DateField(null=True)
    renewal_arr = models.BigIntegerField(null=True)
    notice_on = models.DateField(null=True)
    overdue_amount = models.BigIntegerField(null=True)
    oldest_overdue_on = models.DateField(null=True)
    waits_at = models.CharField(max_length=30, null=True)
    waits_since_on = models.DateField(null=True)
    waits_over_days = models.IntegerField(null=True)
    band = models.CharField(max_length=6, null=True)
    score = models.FloatField(null=True)
    score_change_28d = models.FloatField(null=True)
    coverage = models.FloatField(null=True)
    confidence = models.CharField(max_length=6, null=True)
    health_fell_on = models.DateField(null=True)
    scores_13w = models.JSONField(default=list)
    active_users_7d = models.IntegerField(null=True)
    active_users_28d = models.IntegerField(null=True)
    logins_7d = models.IntegerField(null=True)
    breadth_28d = models.IntegerField(null=True)
    depth_28d = models.FloatField(null=True)
    trend_28d = models.FloatField(null=True)
    seats_used_28d = models.FloatField(null=True)
    days_since_last = models.IntegerField(null=True)
    errors_28d = models.FloatField(null=True)
    top_user_share_28d = models.FloatField(null=True)
    seats = models.IntegerField(null=True)
    open_tickets = models.IntegerField(default=0)
    overdue_tickets = models.IntegerField(default=0)
    last_touch_on = models.DateField(null=True)
    next_task_on = models.DateField(null=True)
    next_step = models.CharField(max_length=300, null=True)
    champion_left_on = models.DateField(null=True)
    checkpoint_due_on = models.DateField(null=True)
    renewal_need = models.CharField(max_length=20, null=True)
    renewal_need_on = models.DateField(null=True)
    usage_fell_on = models.DateField(null=True)
    users_at_alert = models.IntegerField(null=True)
    usual_users = models.IntegerField(null=True)
    champion_silent_on = models.DateField(null=True)
    users_silent_on = models.DateField(null=True)
    as_of_on = models.DateField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["name_sort", "customer"], name="portfolio_by_name"),
            models.Index(fields=["owner", "customer"], name="portfolio_by_owner"),
            models.Index(fields=["team", "customer"], name="portfolio_by_team"),
            models.Index(fields=["band", "score", "customer"], name="portfolio_by_band"),
            models.Index(fields=["tier", "arr", "customer"], name="portfolio_by_tier"),
            models.Index(fields=["stage", "customer"], name="portfolio_by_stage"),
            models.Index(fields=["segment", "customer"], name="portfolio_by_segment"),
            models.Index(fields=["mrr", "customer"], name="portfolio_by_mrr"),
            models.Index(fields=["arr", "customer"], name="portfolio_by_arr"),
            models.Index(fields=["score", "customer"], name="portfolio_by_score"),
            models.Index(fields=["score_change_28d", "customer"], name="portfolio_by_change"),
            models.Index(fields=["next_renewal_on", "customer"], name="portfolio_by_renewal"),
            models.Index(fields=["last_touch_on", "customer"], name="portfolio_by_touch"),
            models.Index(fields=["active_users_28d", "customer"], name="portfolio_by_users"),
            models.Index(fields=["trend_28d", "customer"], name="portfolio_by_trend"),
            models.Index(fields=["days_since_last", "customer"], name="portfolio_by_silence"),
            # Of known values only: a column that nobody uses costs nothing.
            *(
                models.Index(
                    fields=[column, "customer"],
                    name=f"portfolio_{column}",
                    condition=models.Q((f"{column}__isnull", False)),
                )
                for column in OWN_COLUMNS
            ),
        ]


for _column in OWN_COLUMNS:
    PortfolioRow.add_to_class(_column, models.FloatField(null=True))


class SavedView(models.Model):
    """A named filter, sort and choice of columns of the customer list; `shared` shows it to everybody."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(max_length=80)
    text = models.CharField(max_length=200, default="")
    conditions = models.JSONField(default=dict)
    columns = models.JSONField(default=list)
    sort = models.CharField(max_length=60, default="")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "name"], name="saved_view_name")]
