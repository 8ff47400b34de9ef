"""Lines whose terms a member changes within their term."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("perennial", "0017_renewal_room")]

    operations = [
        migrations.AddField(model_name="line", name="is_amended", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="line", name="is_typed", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="line", name="term_starts_on", field=models.DateField(null=True)),
    ]
