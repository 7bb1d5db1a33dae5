"""The command line. Every command is a module; heavy imports happen inside the command, so that `--help` is quick."""
