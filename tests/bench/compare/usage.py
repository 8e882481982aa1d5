"""Processor time of a process and everything below it, and of the machine: /proc, in seconds."""
import os
import pathlib
import resource

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def processes():
    """{pid: (parent, clock ticks of it and of its ended children)} of every process there is."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has just ended.
        found[int(folder.name)] = (int(fields[1]), sum(int(field) for field in fields[11:15]))
    return found


def tree_seconds(root):
    """What `root` and the processes below it have used."""
    everything = processes()
    ticks = 0
    for pid, (_, own_ticks) in everything.items():
        ancestor = pid
        while ancestor != root and ancestor in everything:
            ancestor = everything[ancestor][0]
        if ancestor == root:
            ticks += own_ticks
    return ticks / TICKS_PER_S


def machine_seconds():
    """What all processors have worked, for this machine or, meanwhile, for another one on them."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = (int(field) for field in fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def clients_seconds():
    """What the programs that this one has run, and that have ended, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
