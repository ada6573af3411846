"""The VMM: the process that runs a virtual machine, and its command line."""
