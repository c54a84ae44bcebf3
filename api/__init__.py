"""HTTP, console, command line and client: the only layer that knows concrete engines."""
