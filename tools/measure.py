"""Runs one command and prints what it cost as JSON: for tools/bench, as `python3 -I -S measure.py OUTPUT COMMAND...`.

A program of its own because Linux counts the memory that a process has before it becomes the command (the launcher's
own) into the command's greatest resident set: no command seems smaller than what launched it. This one is small.
"""

import os
import sys
import time

output, command = sys.argv[1], sys.argv[2:]
actions = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    (os.POSIX_SPAWN_DUP2, 1, 2),
]
started = time.perf_counter()
process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - started
# Kilobytes on Linux, bytes on macOS (getrusage(2) of each).
memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(
    f'{{"exit_code": {os.waitstatus_to_exitcode(status)}, "wall": {wall}, "user": {usage.ru_utime}, '
    f'"system": {usage.ru_stime}, "memory": {memory}}}'
)
