// One office's muster-gateway with its people.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { dashboardDir, program } from './places.mjs';
import { freePort, run } from './processes.mjs';

export const PASSWORD = 'a long enough sentence';

export class Gateway {
  // Sessions that enrolling began and that nobody has yet.
  #fresh = new Map();

  constructor(world, agency, brokers, cards) {
    Object.assign(this, { world, agency, brokers, cards });
    this.config = join(world.folder, `${agency}-gateway.toml`);
  }

  async begin() {
    const { certificate, key } = this.world.tls;
    this.port = await freePort();
    this.loginPort = this.cards ? await freePort() : undefined;
    this.url = `https://127.0.0.1:${this.port}/`;
    const login = this.cards ? `[listen.certificate_login]\naddress = "127.0.0.1:${this.loginPort}"\nca_file = "${this.cards.ca}"\n` : '';
    writeFileSync(this.config, `state_dir = "${join(this.world.folder, `${this.agency}-gateway`)}"\ndashboard_dir = "${dashboardDir}"\n` +
      `[listen]\naddress = "127.0.0.1:${this.port}"\ncertificate_file = "${certificate}"\nkey_file = "${key}"\n${login}` +
      `[brokers]\n${this.brokers}\n[logging]\nformat = "text"\n`);
    await this.start();
    await this.enrol('officer', 'operator');
  }

  async start() {
    const log = `${this.agency}-gateway.log`;
    const { length } = this.program?.log() ?? '';
    this.program = this.world.start(program('muster-gateway'), ['serve', '--config', this.config], log);
    await this.program.says(/serving/, length);
  }

  // A one-time code for `name`.
  async invite(name, role) {
    const { stdout } = await run(program('muster-gateway'), ['invite', name, '--role', role, '--config', this.config]);
    return /^ {2}(\S+)$/m.exec(stdout)[1];
  }

  // As if a day had passed for every invitation that is open.
  expireInvitations() {
    const folder = join(this.world.folder, `${this.agency}-gateway`, 'invitations');
    for (const file of readdirSync(folder)) {
      const record = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const name = 'expiresAt' in record ? 'expiresAt' : 'expires_at';
      writeFileSync(join(folder, file), JSON.stringify({ ...record, [name]: new Date(Date.now() - 1000).toISOString() }));
    }
  }

  async inviteWithCard(name, role, card) {
    await run(program('muster-gateway'), ['invite', name, '--role', role, '--certificate', card.certPath, '--config', this.config]);
  }

  people() {
    return run(program('muster-gateway'), ['people', 'ls', '--config', this.config]);
  }

  async remove(name) {
    await run(program('muster-gateway'), ['people', 'remove', name, '--config', this.config]);
  }

  async enrol(name, role) {
    const code = await this.invite(name, role);
    const { status, body, cookie } = await this.call('muster.gateway.v1.SessionService/Enroll', { code, password: PASSWORD });
    if (status !== 200) throw new Error(`enrolling ${name}: ${status} ${body}`);
    this.#fresh.set(name, cookie);
  }

  // The session's cookie of somebody who signs in.
  async signIn(person, password = PASSWORD) {
    const fresh = this.#fresh.get(person);
    this.#fresh.delete(person);
    if (fresh) return fresh;
    const answer = await this.call('muster.gateway.v1.SessionService/SignIn', { person, password });
    if (answer.status !== 200) throw new Error(`signing ${person} in: ${answer.status} ${answer.body}`);
    return answer.cookie;
  }

  // A call as `curl --json` makes it. Gives { status, headers, body (text), json, cookie }.
  call(method, message, cookie) {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...(cookie ? { cookie } : {}) };
      const asked = request(this.url + method, { method: 'POST', ca: this.world.tls.pem, headers }, (got) => {
        const chunks = [];
        got.on('data', (chunk) => chunks.push(chunk));
        got.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          const set = got.headers['set-cookie']?.[0]?.split(';')[0];
          let json;
          try {
            json = JSON.parse(body);
          } catch {
            json = undefined;
          }
          resolve({ status: got.statusCode, headers: got.headers, body, json, cookie: set });
        });
        got.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(JSON.stringify(message));
    });
  }
}
