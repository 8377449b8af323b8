"""An engine as bad as they come: python3 engine_tree.py FOLDER [polite] [escapes]

A leader with a child by multiprocessing spawn (as vLLM's EngineCore) and one by subprocess in a session of its own, each
with a child; all ignore SIGTERM, unless `polite`. Each writes its pid into FOLDER/<name>. With `escapes` a further one leaves its
parent, its group and its environment. The leader then serves HTTP on a free port, written into FOLDER/port: /health at once,
/probe only when FOLDER/answer exists.
"""

import http.server
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

FOLDER = pathlib.Path(sys.argv[1])
IS_POLITE = "polite" in sys.argv


def settle(name):
    if not IS_POLITE:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    part = FOLDER / f".{name}"
    part.write_text(str(os.getpid()))
    part.rename(FOLDER / name)


def wait(name):
    settle(name)
    while True:
        time.sleep(60)


def program(call):
    """A program that makes this call here."""
    here = os.path.dirname(os.path.abspath(__file__))
    head = f"import sys; sys.argv[1:] = {sys.argv[1:]!r}; sys.path.insert(0, {here!r}); import engine_tree as tree"
    return [sys.executable, "-B", "-c", f"{head}; {call}"]


def run(call, **options):
    subprocess.Popen(program(call), **options)


def core():
    run("tree.wait('core-child')")
    wait("core")


def session():
    run("tree.wait('session-child')")
    wait("session")


def escape():
    """Twice forked, in a session of its own, with no environment: a daemon."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve(sys.executable, program("tree.wait('escaped')"), {})
        os._exit(0)
    os.wait()


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_answered = self.path == "/health" or (FOLDER / "answer").exists()
        self.send_response(200 if is_answered else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=core).start()
    run("tree.session()", start_new_session=True)
    if "escapes" in sys.argv:
        escape()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    settle("leader")
    (FOLDER / ".port").write_text(str(server.server_address[1]))
    (FOLDER / ".port").rename(FOLDER / "port")
    server.serve_forever()
