"""The table of survey answers."""

from __future__ import annotations

from django.db import models

from perennial.kernel.versions import Version


class SurveyAnswer(Version):
    """An answer. `kind` nps is 0..10, csat is 1..5."""

    customer = models.ForeignKey("perennial.Customer", on_delete=models.PROTECT, related_name="survey_answers")
    contact_fact = models.UUIDField(null=True)
    kind = models.CharField(max_length=10)
    score = models.FloatField()
    comment = models.TextField(default="")
    answered_at = models.DateTimeField()

    class Meta(Version.Meta):
        indexes = [models.Index(fields=["customer", "-answered_at"], name="survey_answer_of_customer")]
