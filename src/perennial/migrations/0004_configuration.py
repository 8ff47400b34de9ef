import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perennial", "0003_intake"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="config_stamp",
            field=models.CharField(default="", max_length=32),
        ),
        migrations.CreateModel(
            name="ConfigVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.CharField(max_length=20)),
                ("version", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("from_on", models.DateField(null=True)),
                ("reason", models.CharField(default="", max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("part", "version"), name="config_version_of_part")],
            },
        ),
    ]
