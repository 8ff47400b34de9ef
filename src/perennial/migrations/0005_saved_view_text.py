from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perennial", "0004_configuration"),
    ]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="text",
            field=models.CharField(default="", max_length=200),
        ),
    ]
