"""What is put away from Today is a record of its own; a log entry has its task, a settled customer its log entry."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("perennial", "0006_password_link_and_key_use")]
    operations = [
        migrations.CreateModel(
            name="PlannedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField(unique=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField("task", "touchpoint", models.UUIDField(null=True)),
        migrations.AddConstraint(
            "task", models.UniqueConstraint(fields=("touchpoint",), name="task_one_of_touchpoint")
        ),
        migrations.AddField("todayitem", "touchpoint", models.UUIDField(null=True)),
        migrations.AddField("todayitem", "is_contact", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="PutAway",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=60)),
                ("why", models.CharField(max_length=20)),
                ("note", models.CharField(default="", max_length=300)),
                ("on", models.DateField()),
                ("until_on", models.DateField()),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="put_away", to="perennial.customer"
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "until_on"], name="put_away_of_customer")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until_on__gt", models.F("on"))), name="put_away_until_a_later_day"
                    )
                ],
            },
        ),
    ]
