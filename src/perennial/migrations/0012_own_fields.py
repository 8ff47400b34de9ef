from django.db import migrations, models

COLUMNS = tuple(f"own_{place:02}" for place in range(1, 41))


class Migration(migrations.Migration):
    dependencies = [
        ("perennial", "0011_erasures"),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40, unique=True)),
                ("column", models.CharField(max_length=20, unique=True)),
                ("told", models.JSONField()),
            ],
        ),
        *(
            migrations.AddField(model_name="portfoliorow", name=column, field=models.FloatField(null=True))
            for column in COLUMNS
        ),
        *(
            migrations.AddIndex(
                model_name="portfoliorow",
                index=models.Index(
                    condition=models.Q((f"{column}__isnull", False)),
                    fields=[column, "customer"],
                    name=f"portfolio_{column}",
                ),
            )
            for column in COLUMNS
        ),
    ]
