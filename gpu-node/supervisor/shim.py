"""Runs one engine and never outlives its supervisor: python3 shim.py GRACE_SECONDS -- command ...

Its stdin is the death pipe: a pipe that only the supervisor holds. When that ends (also by SIGKILL), on SIGTERM, and when the
engine's first process ends, every descendant gets SIGTERM and, after the grace, SIGKILL; then the shim ends. A descendant
whose parent died, or that made a session of its own, comes back here, because the shim is the reaper of its subtree.
Linux only; started by process-host.ts, as the leader of a group and session of its own.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# Between two looks at a tree that is ending.
LOOK_AGAIN_SECONDS = 0.05

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, value):
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def descendants():
    """Every living process below this one. A fork between two looks is found by the next look."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue  # Ended meanwhile.
        state, parent, threads = fields[0], int(fields[1]), int(fields[17])
        # A zombie holds nothing, unless only its first thread has ended.
        children.setdefault(parent, []).append((int(name), state not in "ZX" or threads > 1))
    found = []
    parents = [os.getpid()]
    while parents:
        for pid, is_alive in children.get(parents.pop(), []):
            parents.append(pid)
            if is_alive:
                found.append(pid)
    return found


def signal_tree(number):
    for pid in descendants():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Shim:
    def __init__(self, grace, command):
        self.grace = grace
        self.asked = False
        self.status = None
        # Wakes select() at each signal: an idle shim takes no processor time.
        self.wake, write = os.pipe()
        for end in (self.wake, write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        # If the shim itself is killed, at least the first process goes with it at once; the supervisor finds the rest.
        me = os.getpid()

        def tie():
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != me:
                os._exit(1)

        self.leader = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=tie).pid

    def on_stop(self, *_):
        self.asked = True

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.leader:
                self.status = status

    def watch(self):
        """Returns when the tree is to end."""
        while not self.asked and self.status is None:
            readable, _, _ = select.select([0, self.wake], [], [])
            if self.wake in readable:
                os.read(self.wake, 4096)
            if 0 in readable and not os.read(0, 4096):
                self.asked = True
            self.reap()

    def end(self):
        signal_tree(signal.SIGTERM)
        patience = time.monotonic() + self.grace
        while descendants():
            if time.monotonic() >= patience:
                signal_tree(signal.SIGKILL)
            select.select([self.wake], [], [], LOOK_AGAIN_SECONDS)
            try:
                os.read(self.wake, 4096)
            except BlockingIOError:
                pass
            self.reap()
        self.reap()

    def exit_code(self):
        if self.status is None:
            return 0
        code = os.waitstatus_to_exitcode(self.status)
        return code if code >= 0 else 128 - code


def main():
    try:
        shim = Shim(float(sys.argv[1]), sys.argv[3:])
    except OSError as error:
        print(f"cannot be started: {error}", file=sys.stderr)
        sys.exit(127)
    shim.watch()
    shim.end()
    sys.exit(shim.exit_code())


main()
