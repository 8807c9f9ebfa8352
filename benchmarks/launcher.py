"""Run a command and print, as the last line, its wall seconds and its peak memory in MiB.

The kernel counts the memory of a process from before it becomes another program, so that a child
of a large process never looks small. This launcher is small, and starts the command itself.
"""

import json
import os
import sys
import time

start = time.perf_counter()
child = os.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
elapsed = time.perf_counter() - start
unit = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss: bytes there, KiB elsewhere
print(f"\n{json.dumps({'seconds': elapsed, 'peak': usage.ru_maxrss / unit})}", flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
