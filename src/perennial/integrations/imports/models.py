"""The tables of imports: what was uploaded, how it is read, what is staged, and what was refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ImportState(models.TextChoices):
    """Where an import stands. `publishing` is the short step that recovery finishes or undoes."""

    uploaded = "uploaded"
    checking = "checking"
    checked = "checked"
    staging = "staging"
    publishing = "publishing"
    published = "published"
    cancelled = "cancelled"
    failed = "failed"


class Import(models.Model):
    """One import: its files, its mapping, what a dry run counted and what the publish did."""

    name = models.CharField(max_length=200, default="")
    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.uploaded)
    mapping = models.JSONField(default=dict)
    findings = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    quality = models.JSONField(default=dict)
    job_id = models.BigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    error = models.TextField(default="")


class ImportFile(models.Model):
    """An uploaded file, kept under a random name in the home's uploads."""

    belongs_to = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=300)
    size = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)


class ImportChunk(models.Model):
    """Rows read, checked and resolved, waiting for the publish. (import, kind, number) makes a resumed run skip it."""

    belongs_to = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="chunks")
    kind = models.CharField(max_length=30)
    number = models.PositiveIntegerField()
    rows = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["belongs_to", "kind", "number"], name="import_chunk_number")]


class ImportRejection(models.Model):
    """A row that was refused: where it stands, which column, which value, and why."""

    belongs_to = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejections")
    file = models.CharField(max_length=255)
    sheet = models.CharField(max_length=100, default="")
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=200, default="")
    value = models.CharField(max_length=300, default="")
    reason = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)


class SnapshotRow(models.Model):
    """A row of a labelled snapshot table (features and outcome), for evidence on any published set."""

    belongs_to = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="snapshot_rows")
    dataset = models.CharField(max_length=100)
    external_id = models.CharField(max_length=200)
    as_of_on = models.DateField(null=True)
    features = models.JSONField()
    outcome = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "external_id", "as_of_on"], name="snapshot_row_of_dataset")
        ]
