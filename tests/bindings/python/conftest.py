"""The package is the installed one. With WITHOUT_NUMPY=1 it does not find NumPy."""
import os
import sys

if os.environ.get("WITHOUT_NUMPY"):
    sys.modules["numpy"] = None
