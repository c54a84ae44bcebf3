"""What data subjects ask for: rules in a dated file, time limits, state and register.

Pure but for the register, which reads a log; nothing here writes.
"""
