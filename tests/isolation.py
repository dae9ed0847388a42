"""Loaded before Django's settings (pyproject, `-p tests.isolation`): tests hear no setting of the shell they run in.

They write to a folder of their own, which goes when they end: the site's data, and all that they, the processes they
start and the libraries they use put into the temporary folder. Only what the lanes of .ci/run choose gets through:
DATABASE_URL and TEST_REDIS_URL.
"""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

PREFIX = "vitrine-tests-"
LEFT_FOR = 86_400  # seconds after which the folder of tests that were killed is nobody's

for name in [name for name in os.environ if name.startswith("VITRINE_")]:
    del os.environ[name]
for name in ("PORT", "STORAGE_URL", "CELERY_BROKER_URL", "PROMETHEUS_MULTIPROC_DIR"):
    os.environ.pop(name, None)
# Where Python may not keep what it compiles, each of some hundred processes compiles Django, scipy, torch and all tests
# anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Test processes and the workers they start share a few cores: threads of torch that spun for one another made a test of
# two seconds take half a minute.
os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"
# Where the first of these processes was begun: what outlives them, such as tiny checkpoints, is kept there for all.
OUTSIDE = os.environ.setdefault("TESTS_OUTSIDE", tempfile.gettempdir())
for left in Path(OUTSIDE).glob(f"{PREFIX}*"):
    if left.stat().st_uid == os.getuid() and time.time() - left.stat().st_mtime > LEFT_FOR:
        shutil.rmtree(left, ignore_errors=True)
FOLDER = tempfile.mkdtemp(prefix=PREFIX, dir=OUTSIDE)
os.environ["VITRINE_DATA_DIR"] = FOLDER
# A short name: sockets lie in there as well, and their paths have 107 characters at most.
tempfile.tempdir = os.environ["TMPDIR"] = str(Path(FOLDER) / "t")
Path(tempfile.tempdir).mkdir()
_owner = os.getpid()


@atexit.register
def remove() -> None:
    """Remove the folder, unless this is a forked child of a test: it ends here as well, and leaves it to the others."""
    if os.getpid() == _owner:
        shutil.rmtree(FOLDER, ignore_errors=True)


def pytest_unconfigure() -> None:
    """The last that pytest does: a process that ends without its own cleaning up is clean all the same."""
    remove()
