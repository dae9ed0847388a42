"""Loaded before Django's settings (pyproject, `-p tests.isolation`): tests hear no setting of the shell they run in.

They write to a folder of their own, which goes when they end. Only what the lanes of .ci/run choose gets through:
DATABASE_URL and TEST_REDIS_URL.
"""

import atexit
import os
import shutil
import tempfile

for name in [name for name in os.environ if name.startswith("VITRINE_")]:
    del os.environ[name]
for name in ("PORT", "STORAGE_URL", "CELERY_BROKER_URL", "PROMETHEUS_MULTIPROC_DIR"):
    os.environ.pop(name, None)
# Test processes and the workers they start share a few cores: threads of torch that spun for one another made a test of
# two seconds take half a minute.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"
FOLDER = tempfile.mkdtemp(prefix="vitrine-tests-")
os.environ["VITRINE_DATA_DIR"] = FOLDER
_owner = os.getpid()


@atexit.register
def _remove() -> None:
    # A forked child of a test ends here as well, and must leave the folder to the others.
    if os.getpid() == _owner:
        shutil.rmtree(FOLDER, ignore_errors=True)
