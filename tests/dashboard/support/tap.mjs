// Stands between a browser and a gateway and keeps every byte that the gateway answers, whoever in the browser asked: page,
// worker or service worker. Also counts what is open at this moment.
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import { freePort } from './processes.mjs';

export class Tap {
  // Everything answered: { path, body }. The body of a stream grows while it is open.
  answers = [];
  // Paths of calls under way.
  open = [];
  peak = new Map();
  // Whether the connection is closed after an answer to this path.
  closesAfter = () => false;
  #server;
  #agent;

  static async inFrontOf(port, tls) {
    const tap = new Tap();
    tap.port = await freePort();
    tap.url = `https://127.0.0.1:${tap.port}/`;
    tap.#agent = new Agent({ ca: tls.pem, keepAlive: true });
    tap.#server = createServer({ cert: readFileSync(tls.certificate), key: readFileSync(tls.key) }, (asked, answer) => tap.#pass(asked, answer, port));
    await new Promise((resolve) => tap.#server.listen(tap.port, '127.0.0.1', resolve));
    return tap;
  }

  #pass(asked, answer, port) {
    // The gateway answers for its own name only.
    const headers = { ...asked.headers, host: `127.0.0.1:${port}` };
    if (headers.origin) headers.origin = `https://127.0.0.1:${port}`;
    delete headers['accept-encoding'];
    this.open.push(asked.url);
    this.peak.set(asked.url, Math.max(this.peak.get(asked.url) ?? 0, this.openAt(asked.url)));
    let counted = true;
    const over = () => {
      if (counted) this.open.splice(this.open.indexOf(asked.url), 1);
      counted = false;
    };
    const up = request({ host: '127.0.0.1', port, path: asked.url, method: asked.method, headers, agent: this.#agent }, (got) => {
      const kept = { path: asked.url, status: got.statusCode, chunks: [], asOf: got.headers['muster-as-of'] };
      this.answers.push(kept);
      answer.writeHead(got.statusCode, { ...got.headers, ...(this.closesAfter(asked.url) ? { connection: 'close' } : {}) });
      answer.flushHeaders();
      got.on('data', (chunk) => {
        kept.chunks.push(chunk);
        answer.write(chunk);
      });
      got.on('end', () => answer.end());
      got.on('close', over);
      got.on('error', () => answer.destroy());
    });
    up.on('error', () => {
      over();
      answer.destroy();
    });
    answer.on('close', () => {
      over();
      up.destroy();
    });
    asked.pipe(up);
  }

  openAt(path) {
    return this.open.filter((one) => one === path).length;
  }

  count(path) {
    return this.answers.filter((one) => one.path === path).length;
  }

  // All that was ever answered, a character a byte, so that text in protobuf messages is found.
  text() {
    return this.answers.map((one) => Buffer.concat(one.chunks).toString('latin1')).join('\n');
  }

  async close() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    this.#agent.destroy();
  }
}

export const SUBSCRIBE = '/muster.v1.FeedService/Subscribe';
