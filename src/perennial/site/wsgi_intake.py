"""The WSGI application of `perennial intake`: the tracking calls without the pages' middleware in memory."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perennial.site.settings")

import django

django.setup()  # before anything that reads the tables is imported

from perennial.intake.application import limited  # noqa: E402 - see above
from perennial.site import threads  # noqa: E402

application = limited(threads.count())
