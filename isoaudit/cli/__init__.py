"""The command line: one module per command, each of which parses, calls, renders and exits."""
