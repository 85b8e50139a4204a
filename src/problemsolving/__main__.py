"""``python -m problemsolving``."""

from problemsolving.cli import main

main(prog_name="problemsolving")
