"""Laws are tried on the same examples in every run, however busy the machine is."""

from hypothesis import settings

settings.register_profile("laws", deadline=None, derandomize=True)
settings.load_profile("laws")
