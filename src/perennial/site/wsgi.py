"""The WSGI application of `perennial serve`: pages and API, and the tracking calls beside them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "perennial.site.settings")

from django.core.wsgi import get_wsgi_application

pages = get_wsgi_application()  # before anything that reads the tables is imported

from perennial.intake.application import beside  # noqa: E402 - see above
from perennial.site import memory, threads  # noqa: E402

application = beside(pages, at_once=threads.count() // 2)  # the other half is the pages'
memory.settle()
