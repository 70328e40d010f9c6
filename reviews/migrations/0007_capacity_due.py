import datetime as dt

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0006_register"),
    ]

    operations = [
        migrations.AddField(
            model_name="capacityreview",
            name="due_on",
            field=models.DateField(default=dt.date(2026, 1, 1)),
            preserve_default=False,
        ),
    ]
