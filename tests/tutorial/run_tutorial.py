#!/usr/bin/env python3
"""Runs the commands of docs/tutorial.md, in order, as a reader would.

  run_tutorial.py REPOSITORY BIN_DIR

Every block ```sh is given to one shell. Its last command must end with 0, or with N for ```sh exit=N. Each line of a
```text block that follows must be found in what the block before it printed. Exit code 1, with the block, if not.
The folders, the port and the path of the programs are the test's own.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(sh|text)([^\n]*)\n(.*?)^```$", re.M | re.S)
MARK = "__end_of_block__"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def adapt(text, repository, bin_dir, folder, port):
    text = text.replace('export PATH="$PWD/build/dev/bin:$PATH"', f'export PATH="{bin_dir}:$PATH"')
    text = text.replace('export MUSTER_REPOSITORY="$PWD"', f'export MUSTER_REPOSITORY="{repository}"')
    return text.replace("/tmp/muster-tutorial", folder).replace("7443", port)


class Shell:
    """One bash that lives through the whole tutorial."""

    def __init__(self, repository):
        self.process = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, cwd=repository, start_new_session=True)

    def run(self, commands):
        """What they print, and how the last one ends."""
        self.process.stdin.write(f"{commands}\n__code=$?; echo; echo {MARK} $__code\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            if line.startswith(MARK):
                return "".join(printed), int(line.split()[1])
            printed.append(line)
        return "".join(printed), -1

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait(timeout=30)


def run(repository, bin_dir):
    with open(os.path.join(repository, "docs", "tutorial.md"), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    with tempfile.TemporaryDirectory(prefix="muster-tutorial-") as folder:
        port = free_port()
        shell = Shell(repository)
        try:
            printed = ""
            for kind, info, text in blocks:
                if kind == "text":
                    missing = [line for line in text.splitlines() if line.strip() and line.strip() not in printed]
                    if missing:
                        return f"the tutorial promises {missing}, but the commands printed:\n{printed}"
                    continue
                commands = adapt(text, repository, bin_dir, folder, port)
                printed, code = shell.run(commands)
                wanted = int(info.split("exit=")[1]) if "exit=" in info else 0
                print(f"$ {commands}{printed}", flush=True)
                if code != wanted:
                    return f"ended with {code}, not {wanted}:\n{commands}\nand printed:\n{printed}"
        finally:
            shell.end()
    print(f"{sum(kind == 'sh' for kind, _, _ in blocks)} blocks of commands did what the tutorial says")
    return None


def main():
    problem = run(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
    if problem:
        print(f"FAILED: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
