"""What gunicorn serves: `gunicorn -c python:vitrine.serving vitrine.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from vitrine.env import settings_or_exit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
settings_or_exit()
application = get_wsgi_application()
