// Programs that a test starts: each in a log of its own, awaited by condition, and gone when the test's process is.
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const PATIENCE_MS = 30_000;
const STOP_MS = 10_000;
const alive = new Set();

// A test that is cut short leaves nothing behind. Only children started here are ended.
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// There is nothing more to wait for.
export class Ended extends Error {}

// Waits until `condition` gives something true, and gives that. `what` says in the error what was waited for.
export async function eventually(what, condition, patienceMs = PATIENCE_MS) {
  const deadline = Date.now() + patienceMs;
  let last;
  for (;;) {
    try {
      const found = await condition();
      if (found) return found;
    } catch (error) {
      if (error instanceof Ended) throw error;
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s in vain: ${what}${last ? ` (${last.message})` : ''}`);
    await pause(20);
  }
}

export class Program {
  constructor(path, args, logFile, options = {}) {
    this.name = path.split('/').pop();
    this.logFile = logFile;
    const log = openSync(logFile, 'a');
    this.child = spawn(path, args, { stdio: ['ignore', log, log], ...options });
    closeSync(log);
    alive.add(this.child);
    this.ended = new Promise((resolve) => {
      const done = (how) => {
        alive.delete(this.child);
        resolve(how);
      };
      this.child.once('exit', (code, signal) => done(signal ?? code));
      this.child.once('error', (error) => done(error.message));
    });
  }

  get running() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  // Throws, with the end of its log, when it has ended.
  mustRun() {
    if (!this.running) throw new Ended(`${this.name} ended (${this.child.signalCode ?? this.child.exitCode}):\n${this.log().slice(-3000)}`);
  }

  log() {
    return readFileSync(this.logFile, 'utf8');
  }

  // Waits for the match of `pattern` in what the program writes from now on, or wrote after `from` characters.
  async says(pattern, from = 0) {
    return eventually(`${this.name} says ${pattern}`, () => {
      const found = pattern.exec(this.log().slice(from));
      if (!found) this.mustRun();
      return found;
    });
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  // Ends it in order. Throws when it does not end well or not in time.
  async stop() {
    if (!this.running) return;
    this.child.kill('SIGTERM');
    const how = await Promise.race([this.ended, pause(STOP_MS, 'late', { ref: false })]);
    if (how === 'late') await this.kill();
    if (how !== 0) throw new Error(`${this.name} did not end in order (${how}):\n${this.log().slice(-2000)}`);
  }
}

// Runs a program to its end. Gives its exit code and output; throws unless the code is among `codes`.
export async function run(path, args, { codes = [0], ...options } = {}) {
  const answer = await promisify(execFile)(path, args, { timeout: 120_000, maxBuffer: 64 << 20, ...options }).then(
    (ended) => ({ ...ended, code: 0 }),
    (error) => error,
  );
  if (codes.includes(answer.code)) return { code: answer.code, stdout: answer.stdout, stderr: answer.stderr };
  throw new Error(`${path.split('/').pop()} ${args.join(' ')} ended with ${answer.code}:\n${answer.stdout}\n${answer.stderr}`);
}

// A port of loopback that nobody has at this moment.
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
