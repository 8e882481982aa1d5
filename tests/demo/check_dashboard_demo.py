"""Runs the replay of Operation United Front with its dashboards and looks at them as a browser's programs would.

Usage: check_dashboard_demo.py MUSTER [argument ...]   (the arguments go to `muster demo united-front --dashboard`)

Signs in at the dashboard of each office over HTTPS, trusting only the certificate whose fingerprint is printed; waits
for the verdict, which must be as ever; reads the figures and each office's own conflicts through its gateway; ends
everything with SIGINT. Then once more, ended by SIGTERM in the middle. Nothing may be left behind.
"""
import contextlib
import hashlib
import http.client
import json
import os
import queue
import signal
import ssl
import subprocess
import sys
import tempfile
import threading

OPERATION = "united-front-2021"
PASSWORD = "a long phrase for an exercise"
# A conflict between Illinois and Wisconsin stays open; the watch desk sees all three (tests/data/united-front).
CONFLICTS_SEEN = {"wi-doj": 1, "mo-watch": 3}
# For what takes seconds: a busy machine may need long, a hang must end.
PATIENCE_S = 120


class Problem(Exception):
    """Something is not as it must be."""


def require(what, got, wanted):
    """Stops the test unless they are equal."""
    if got != wanted:
        raise Problem(f"{what}: got {got!r}, wanted {wanted!r}")


def processes_using(folder):
    """The ids of processes that were started with something in `folder` on their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # It ended meanwhile.
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if os.fsencode(folder) in file.read():
                    found.append(pid)
    return found


class Show:
    """A running `muster demo united-front --dashboard`; its output by lines."""

    def __init__(self, muster, arguments, folder):
        self.process = subprocess.Popen(
            [muster, "demo", "united-front", "--dashboard", "-o", "json", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": folder})
        self.out = self._lines(self.process.stdout)
        self.err = self._lines(self.process.stderr)

    @staticmethod
    def _lines(stream):
        lines = queue.Queue()

        def read():
            for line in stream:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        return lines

    @staticmethod
    def line(lines, beginning):
        """The next line that begins so; prints what comes before it."""
        while True:
            try:
                line = lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise Problem(f"no line that begins with {beginning!r} in {PATIENCE_S} s") from None
            if line is None:
                raise Problem(f"it ended without a line that begins with {beginning!r}")
            print(line, end="")
            if line.startswith(beginning):
                return line

    def end(self, number, wanted_status):
        """Sends the signal and waits for the end."""
        self.process.send_signal(number)
        try:
            require("exit code", self.process.wait(PATIENCE_S), wanted_status)
        except subprocess.TimeoutExpired:
            raise Problem(f"it still runs {PATIENCE_S} s after signal {number}") from None


class Browser:
    """One signed-in person at one office's dashboard."""

    def __init__(self, door, certificate_file):
        self.door = door
        self.tls = ssl.create_default_context(cafile=certificate_file)
        self.cookie = ""

    def request(self, method, path, body=None):
        """Status and body of the answer; keeps the session's cookie."""
        connection = http.client.HTTPSConnection(self.door["host"], self.door["port"], context=self.tls, timeout=60)
        with contextlib.closing(connection):
            headers = {"Content-Type": "application/json", **({"Cookie": self.cookie} if self.cookie else {})}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            set_cookie = answer.getheader("Set-Cookie")
            if set_cookie:
                self.cookie = set_cookie.split(";")[0]
            return answer.status, answer.read().decode()

    def call(self, method, request):
        """The answer of a call of the protocol."""
        status, body = self.request("POST", f"/{method}", json.dumps(request))
        if status != 200:
            raise Problem(f"{self.door['agency_id']}: {method} answered {status} {body}")
        return json.loads(body)

    def enroll(self):
        """Opens the page and signs in with the code that was printed."""
        status, page = self.request("GET", "/")
        require(f"{self.door['url']} has the application", (status, "<script" in page), (200, True))
        answer = self.call("muster.gateway.v1.SessionService/Enroll",
                           {"code": self.door["code"], "password": PASSWORD})
        require("who has signed in", answer["session"]["person"], self.door["person"])


def enter(announced):
    """Signs in everywhere; the browsers by agency."""
    with open(announced["certificate_file"], encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    digest = hashlib.sha256(der).hexdigest().upper()
    require("the certificate's fingerprint", announced["certificate_sha256"].replace(":", ""), digest)
    require("addresses of their own", len({door["host"] for door in announced["dashboards"]}), 3)
    browsers = {door["agency_id"]: Browser(door, announced["certificate_file"]) for door in announced["dashboards"]}
    for browser in browsers.values():
        browser.enroll()
    return browsers


def check_show(muster, arguments, folder):
    """From the open doors over the verdict to SIGINT."""
    show = Show(muster, ["--pace", "0.02", *arguments], folder)
    try:
        announced = json.loads(show.line(show.err, '{"dashboards"'))
        browsers = enter(announced)
        verdict = json.loads(show.line(show.out, "{"))
        require("the verdict", (verdict["ok"], verdict["arrests"], verdict["persons"]), (True, 102, 47))
        show.line(show.err, "The dashboards stay open")
        lead = browsers["mo-ago"]
        totals = lead.call("muster.v1.TallyService/GetTotals",
                           {"operationId": OPERATION, "definition": "COUNTING_DEFINITION_LEAD"})["totals"]
        require("arrests and persons, through the gateway",
                (int(totals["arrests"]["confirmed"]), int(totals["persons"]["confirmed"])), (102, 47))
        for agency_id, wanted in CONFLICTS_SEEN.items():
            seen = browsers[agency_id].call("muster.v1.DeconflictionService/ListConflicts", {"operationId": OPERATION})
            require(f"conflicts that {agency_id} sees", len(seen.get("conflicts", [])), wanted)
        show.end(signal.SIGINT, 0)
    finally:
        show.process.kill()  # Nothing, when it has ended; its children end with it.
        show.process.wait()


def check_interrupted(muster, arguments, folder):
    """SIGTERM in the middle."""
    show = Show(muster, ["--pace", "1", *arguments], folder)
    try:
        show.line(show.err, '{"dashboards"')
        show.end(signal.SIGTERM, 128 + signal.SIGTERM)
    finally:
        show.process.kill()
        show.process.wait()


def main():
    muster, *arguments = sys.argv[1:]
    problems = []
    for check in (check_show, check_interrupted):
        with tempfile.TemporaryDirectory(prefix="muster-dashboard-demo-test-") as folder:
            try:
                check(muster, arguments, folder)
                require("left behind in the temporary folder", os.listdir(folder), [])
                require("processes left behind", processes_using(folder), [])
            except Problem as problem:
                problems.append(f"{check.__name__}: {problem}")
    for problem in problems:
        print("check_dashboard_demo.py:", problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
