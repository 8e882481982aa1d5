// A whole installation for one test file: the broker of the United Front replay, offices with gateways, one of them behind a
// daemon. Real programs, on loopback, in one temporary folder that is gone afterwards; after a failure the logs are kept.
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peopleCertificates, serverCertificate } from './certificates.mjs';
import { Gateway } from './gateway.mjs';
import { results, program, source } from './places.mjs';
import { Program, eventually, run } from './processes.mjs';

export const OPERATION = 'united-front-2021';
const SCENARIO = join(source, 'tests', 'data', 'united-front');

export class World {
  gateways = new Map();
  #programs = [];
  #closers = [];

  constructor(name) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), 'muster-dashboard-'));
    this.replayFolder = join(this.folder, 'replay');
  }

  // The replay is over, its broker serves what it left.
  static async afterReplay(name) {
    const world = new World(name);
    await world.#orClose(async () => {
      await run(program('muster'), [...world.#demo(), '--seed', '7'], { cwd: world.folder });
      world.#readAddress();
      await world.startBroker();
    });
    return world;
  }

  // The replay has just begun, and waits: its broker serves, and go() lets it play. Of the agencies only the lead is known yet.
  static async beforeReplay(name) {
    const world = new World(name);
    await world.#orClose(async () => {
      const demo = world.start(program('muster'), [...world.#demo(), '-o', 'json'], 'demo.log');
      const address = join(world.replayFolder, 'data', 'address');
      await eventually('the broker of the replay listens', () => {
        demo.mustRun();
        return existsSync(address) && readFileSync(address, 'utf8').endsWith('\n');
      });
      demo.child.kill('SIGSTOP');
      world.#readAddress();
      world.demo = demo;
    });
    return world;
  }

  #demo() {
    return ['demo', 'united-front', '--keep', this.replayFolder, '--scenario', SCENARIO, '--musterd', program('musterd'),
      '--make-certs', join(source, 'certs-example', 'make-certs.sh')];
  }

  #readAddress() {
    this.address = readFileSync(join(this.replayFolder, 'data', 'address'), 'utf8').trim();
  }

  async #orClose(act) {
    try {
      await act();
      this.tls = await serverCertificate(join(this.folder, 'tls'));
    } catch (error) {
      await this.close(false);
      throw error;
    }
  }

  // Lets the replay play to its end, slower than it would: `share` of the time. Gives its verdict.
  async play(share = 1, slice_ms = 200) {
    const { demo } = this;
    demo.child.kill('SIGCONT');
    let timer;
    const breathe = (runs) => {
      demo.child.kill(runs ? 'SIGSTOP' : 'SIGCONT');
      timer = setTimeout(breathe, runs ? slice_ms * (1 / share - 1) : slice_ms, !runs);
    };
    if (share < 1) timer = setTimeout(breathe, slice_ms, true);
    const how = await demo.ended;
    clearTimeout(timer);
    const line = demo.log().split('\n').find((one) => one.startsWith('{'));
    if (how !== 0 || !line) throw new Error(`the replay ended with ${how}:\n${demo.log().slice(-3000)}`);
    return JSON.parse(line);
  }

  // ---- Programs ----

  start(path, args, logName) {
    const started = new Program(path, args, join(this.folder, logName));
    this.#programs.push(started);
    return started;
  }

  // On the port that it always had.
  async startBroker() {
    const config = join(this.replayFolder, 'musterd.toml');
    const text = readFileSync(config, 'utf8').replace(/^address = "127\.0\.0\.1:\d+"$/m, `address = "${this.address}"`);
    writeFileSync(config, text);
    const address = join(this.replayFolder, 'data', 'address');
    rmSync(address, { force: true });
    this.broker = this.start(program('musterd'), ['serve', '--config', config], 'musterd.log');
    await eventually('the broker listens', () => {
      this.broker.mustRun();
      return existsSync(address) && readFileSync(address, 'utf8').endsWith('\n');
    });
  }

  credentials(agency, post = 'operator') {
    const base = join(this.replayFolder, 'certs', agency, post);
    return { certificate: `${base}.crt`, key: `${base}.key`, ca: join(this.replayFolder, 'certs', 'ca', 'ca.crt') };
  }

  // The command line as an agency's operator. `options.codes`: exit codes that are well.
  async muster(agency, args, options) {
    const { certificate, key, ca } = this.credentials(agency);
    return run(program('muster'), [...args, '--broker', this.address, '--cert', certificate, '--key', key, '--ca', ca], {
      env: { ...process.env, MUSTER_CONFIG: join(this.folder, 'no-contexts.toml') },
      ...options,
    });
  }

  async musterJson(agency, args, options) {
    return JSON.parse((await this.muster(agency, [...args, '-o', 'json'], options)).stdout);
  }

  // ---- Offices ----

  // An agency's gateway, with an operator, "officer", who has a password. `behindAgent`: through a daemon of its own.
  async office(agency, { behindAgent = false, cards = false } = {}) {
    const brokers = behindAgent ? `addresses = ["unix:${await this.#startAgent(agency)}"]` : this.#brokersOf(agency);
    if (cards) this.cards ??= await peopleCertificates(join(this.folder, 'cards'));
    const gateway = new Gateway(this, agency, brokers, cards ? this.cards : undefined);
    this.gateways.set(agency, gateway);
    await gateway.begin();
    return gateway;
  }

  #brokersOf(agency) {
    const { certificate, key, ca } = this.credentials(agency);
    return `addresses = ["${this.address}"]\ncertificate_file = "${certificate}"\nkey_file = "${key}"\nca_file = "${ca}"`;
  }

  async #startAgent(agency) {
    const at = (name) => join(this.folder, `${agency}-${name}`);
    await run(program('muster-agent'), ['new-key', at('agent.key')]);
    writeFileSync(at('agent.toml'), `state_dir = "${at('agent')}"\n[key]\nfile = "${at('agent.key')}"\n[listen]\nsocket = "${at('sock')}"\n` +
      '[link]\nkeepalive = "6s"\nkeepalive_timeout = "2s"\nreconnect_max = "500ms"\n');
    const agent = this.start(program('muster-agent'), ['serve', '--config', at('agent.toml')], `${agency}-agent.log`);
    const { certificate, key, ca } = this.credentials(agency);
    await run(program('muster'), ['agent', 'bundle', '--broker', this.address, '--cert', certificate, '--key', key, '--ca', ca,
      '--trust-domain', 'muster.example', '--out', at('bundle')]);
    const muster = (...args) => run(program('muster'), [...args, '--agent', at('sock')]);
    await eventually('the daemon takes its bundle', () => agent.running && existsSync(at('sock')) && muster('agent', 'enroll', at('bundle')));
    await eventually('the daemon is connected', async () => /"LINK_STATE_CONNECTED".*"caught_up":true/s.test((await muster('agent', 'status', '-o', 'json')).stdout));
    return at('sock');
  }

  // Something to close before the programs end: a browser, a tap.
  atClose(close) {
    this.#closers.unshift(close);
  }

  // Ends everything. `well` false keeps the logs, and pictures of what was open, in the results folder.
  async close(well = true) {
    const troubles = [];
    const attempt = async (act) => {
      try {
        await act();
      } catch (error) {
        troubles.push(error.message);
      }
    };
    for (const close of this.#closers) await attempt(() => close(well));
    for (const one of [...this.#programs].reverse()) {
      if (one === this.demo && one.running) {
        // A replay that is cut short ends its broker, and says so with its exit code.
        for (const signal of ['SIGTERM', 'SIGCONT']) one.child.kill(signal);
        await one.ended;
      }
      await attempt(() => one.stop());
    }
    if (!well || troubles.length > 0) this.#keepLogs(troubles);
    rmSync(this.folder, { recursive: true, force: true });
    if (troubles.length > 0) throw new Error(troubles.join('\n'));
  }

  #keepLogs(troubles) {
    const kept = join(results, `logs-${this.name}`);
    rmSync(kept, { recursive: true, force: true });
    for (const file of readdirSync(this.folder).filter((one) => one.endsWith('.log'))) cpSync(join(this.folder, file), join(kept, file));
    if (existsSync(kept)) appendFileSync(join(kept, 'troubles.log'), `${troubles.join('\n')}\n`);
    console.error(`the programs' logs are kept in ${kept}`);
  }
}
