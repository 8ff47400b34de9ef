from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perennial", "0012_own_fields"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="events_kept_months",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
