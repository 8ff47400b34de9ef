"""What was dismissed as a whole becomes a record for each of its reasons; the days that were planned are known."""

from datetime import UTC, datetime, time, timedelta

from django.db import migrations

RESTED_DAYS = 30


def fill(apps, schema_editor):
    item, put_away, day = (apps.get_model("perennial", name) for name in ("TodayItem", "PutAway", "PlannedDay"))
    planned = item.objects.order_by("on").values_list("on", flat=True).distinct()
    day.objects.bulk_create([day(on=on, at=datetime.combine(on, time(), UTC)) for on in planned], batch_size=500)
    for one in item.objects.exclude(dismissed_at=None):
        put_away.objects.bulk_create(
            put_away(customer_id=one.customer_id, rule=reason["rule"], why="other", on=one.on,
                     until_on=one.on + timedelta(days=RESTED_DAYS), by_id=one.decided_by_id, at=one.dismissed_at)
            for reason in one.reasons
        )  # fmt: skip
    item.objects.exclude(dismissed_at=None).delete()


class Migration(migrations.Migration):
    dependencies = [("perennial", "0007_put_away")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveField("todayitem", "dismissed_at"),
    ]
