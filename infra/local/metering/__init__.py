"""What the functions use, measured on a stack of this machine: `python -m infra.local.metering`."""
