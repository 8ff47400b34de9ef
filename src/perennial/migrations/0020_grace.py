"""Grace for late paper, and since when each movement is known: what stood there before is known on its own day."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F


def known_on_its_day(apps: Any, _schema: Any) -> None:
    apps.get_model("perennial", "Movement").objects.update(reported_on=F("on"))


def customer(name: str) -> Any:
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name=name, to="perennial.customer")


def product() -> Any:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="perennial.product"
    )


def key() -> tuple[str, Any]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("perennial", "0019_money"),
    ]

    operations = [
        migrations.AddField("ledgermark", "again_on", models.DateField(null=True)),
        migrations.AddField("organisation", "books_opened_on", models.DateField(null=True)),
        migrations.AddField("movement", "reported_on", models.DateField(null=True)),
        migrations.AddField("movement", "restates", models.BooleanField(default=False)),
        migrations.RunPython(known_on_its_day, migrations.RunPython.noop, elidable=True),
        migrations.AlterField("movement", "reported_on", models.DateField()),
        migrations.AddIndex("movement", models.Index(fields=["reported_on"], name="movement_by_report")),
        migrations.CreateModel(
            name="FormerMovement",
            fields=[
                key(),
                ("on", models.DateField()),
                ("kind", models.CharField(max_length=12)),
                ("numerator", models.BigIntegerField()),
                ("denominator", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("line_facts", models.JSONField(default=list)),
                ("tags", models.JSONField(default=list)),
                ("reported_on", models.DateField()),
                ("restates", models.BooleanField(default=False)),
                ("superseded_on", models.DateField()),
                ("customer", customer("former_movements")),
                ("product", product()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "superseded_on"], name="former_of_customer"),
                    models.Index(fields=["superseded_on"], name="former_by_end"),
                ],
            },
        ),
        migrations.CreateModel(
            name="GraceHold",
            fields=[
                key(),
                ("line_fact", models.UUIDField()),
                ("ended_on", models.DateField()),
                ("over_on", models.DateField()),
                ("numerator", models.BigIntegerField()),
                ("denominator", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("customer", customer("grace_holds")),
                ("product", product()),
            ],
        ),
    ]
