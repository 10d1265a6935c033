#!/bin/sh
# Prints the Python to set up with: python3 where it is 3.11 or 3.12, otherwise one of those by its own name.
for name in python3 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
echo "Counterpoint needs Python 3.11 or 3.12, and found neither as python3, python3.12 or python3.11." >&2
echo "   mend: sudo apt-get install python3 python3-venv (Debian 12, Ubuntu 24.04), or make PYTHON=/path/to/python" >&2
exit 1
