// Clients that others wrote: connect-web, grpc-web and curl through the gateway, grpc-js with mutual TLS straight to the broker.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { allWell, check } from './support/checks.mjs';
import { PASSWORD } from './support/gateway.mjs';
import { require, source } from './support/places.mjs';
import { run } from './support/processes.mjs';
import { OPERATION, World } from './support/world.mjs';

const grpc = require('@grpc/grpc-js');
const { Code, ConnectError, createClient } = require('@connectrpc/connect');
const { createConnectTransport, createGrpcWebTransport } = require('@connectrpc/connect-web');
const { create, createFileRegistry, fromBinary, toBinary } = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');

let world;
let started = false;
let gateway;
let cookie;
let service;

before(async () => {
  world = await World.afterReplay('clients');
  gateway = await world.office('mo-ago');
  cookie = await gateway.signIn('officer');
  const descriptors = join(world.folder, 'muster.binpb');
  await run('protoc', ['-I', join(source, 'proto'), '--include_imports', '-o', descriptors,
    ...['operation', 'tally', 'submission', 'agency'].map((one) => `muster/v1/${one}.proto`)]);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
  service = (name) => registry.getService(`muster.v1.${name}`);
  started = true;
});
after(async () => world?.close(started && allWell));

// fetch as a browser does it, trusting the gateway's certificate and holding its cookie.
function fetchAs(held) {
  const agent = new Agent({ ca: world.tls.pem });
  return (url, { method, headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const sent = Object.fromEntries(new Headers(headers));
      const asked = request(url, { method, agent, signal, headers: { ...sent, ...(held ? { cookie: held } : {}) } }, (got) => {
        const stream = new ReadableStream({
          start(controller) {
            got.on('data', (chunk) => controller.enqueue(new Uint8Array(chunk)));
            got.on('end', () => controller.close());
            got.on('error', (error) => controller.error(error));
          },
          cancel: () => asked.destroy(),
        });
        const named = Object.entries(got.headers).map(([name, value]) => [name, String(value)]);
        resolve(new Response(stream, { status: got.statusCode, headers: named }));
      });
      asked.on('error', reject);
      asked.end(body);
    });
}

const TRANSPORTS = [
  ['Connect, binary', () => createConnectTransport, { useBinaryFormat: true }],
  ['Connect, JSON', () => createConnectTransport, { useBinaryFormat: false }],
  ['gRPC-Web', () => createGrpcWebTransport, {}],
];
for (const [name, maker, options] of TRANSPORTS) {
  check(`connect-web over ${name}: a call, a stream, an error with its details`, async () => {
    const transport = (held) => maker()({ baseUrl: gateway.url.replace(/\/$/, ''), ...options, fetch: fetchAs(held) });
    const tallies = createClient(service('TallyService'), transport(cookie));
    const { totals } = await tallies.getTotals({ operationId: OPERATION, definition: 1 });
    assert.deepEqual([totals.arrests.confirmed, totals.persons.confirmed], [102n, 47n]);

    const stop = new AbortController();
    let deliveries = 0;
    for await (const one of createClient(service('FeedService'), transport(cookie)).subscribe({}, { signal: stop.signal })) {
      deliveries += one.deliveries.length;
      if (one.caughtUp) break;
    }
    stop.abort();
    assert.ok(deliveries > 100, `the feed brought ${deliveries} deliveries`);

    const refused = await tallies.getTotals({ operationId: OPERATION }).then(assert.fail, (error) => ConnectError.from(error));
    assert.equal(refused.code, Code.InvalidArgument);
    assert.match(refused.rawMessage, /definition/);
    assert.ok(refused.details.some((one) => one.type === 'google.rpc.ErrorInfo'), JSON.stringify(refused.details));
    const stranger = createClient(service('TallyService'), transport());
    const nobody = await stranger.getTotals({ operationId: OPERATION, definition: 1 }).then(assert.fail, (error) => ConnectError.from(error));
    assert.equal(nobody.code, Code.Unauthenticated);
  });
}

// Just enough of a browser for the grpc-web package.
function xmlHttpRequestAs(held) {
  const fetched = fetchAs(held);
  return class {
    headers = {};
    readyState = 0;
    status = 0;
    responseText = '';
    #listeners = {};
    open(method, url) {
      Object.assign(this, { method, url });
    }
    setRequestHeader(name, value) {
      this.headers[name] = value;
    }
    getAllResponseHeaders() {
      return [...this.got.headers].map(([name, value]) => `${name}: ${value}`).join('\r\n');
    }
    getResponseHeader(name) {
      return this.got?.headers.get(name) ?? null;
    }
    addEventListener(name, act) {
      this.#listeners[name] = act;
    }
    abort() {}
    #say(state) {
      this.readyState = state;
      this.onreadystatechange?.();
    }
    async send(body) {
      this.got = await fetched(this.url, { method: this.method, headers: this.headers, body });
      this.status = this.got.status;
      this.#say(2);
      const bytes = Buffer.from(await this.got.arrayBuffer());
      if (this.responseType === 'arraybuffer') this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      else this.response = this.responseText = bytes.toString('latin1');
      this.#say(3);
      this.#say(4);
      this.#listeners.loadend?.();
    }
  };
}

for (const format of ['text', 'binary']) {
  check(`the grpc-web package, ${format}: a call and an error`, async () => {
    globalThis.XMLHttpRequest = xmlHttpRequestAs(cookie);
    try {
      const web = require('grpc-web');
      const { input, output } = service('TallyService').method.getTotals;
      const method = new web.MethodDescriptor('/muster.v1.TallyService/GetTotals', web.MethodType.UNARY, Object, Object,
        (message) => toBinary(input, create(input, message)), (bytes) => fromBinary(output, bytes));
      const client = new web.GrpcWebClientBase({ format });
      const call = (message) =>
        new Promise((resolve, reject) =>
          client.rpcCall(`${gateway.url}muster.v1.TallyService/GetTotals`, message, {}, method, (error, answer) => (error ? reject(error) : resolve(answer))));
      assert.equal((await call({ operationId: OPERATION, definition: 1 })).totals.arrests.confirmed, 102n);
      const refused = await call({ operationId: OPERATION }).then(assert.fail, (error) => error);
      assert.equal(refused.code, 3);
      assert.match(refused.message, /definition/);
    } finally {
      delete globalThis.XMLHttpRequest;
    }
  });
}

check('grpc-js with mutual TLS against the broker: a call, a stream, an error with its details', async () => {
  const { certificate, key, ca } = world.credentials('mo-ago');
  const credentials = grpc.credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(certificate));
  const client = new grpc.Client(world.address, credentials, { 'grpc.ssl_target_name_override': 'localhost' });
  const codec = ({ input, output }) => [(message) => Buffer.from(toBinary(input, create(input, message))), (bytes) => fromBinary(output, bytes)];
  const getTotals = (message) =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest('/muster.v1.TallyService/GetTotals', ...codec(service('TallyService').method.getTotals), message,
        (error, answer) => (error ? reject(error) : resolve(answer))));
  try {
    assert.equal((await getTotals({ operationId: OPERATION, definition: 1 })).totals.persons.confirmed, 47n);

    const stream = client.makeServerStreamRequest('/muster.v1.FeedService/Subscribe', ...codec(service('FeedService').method.subscribe), {});
    let deliveries = 0;
    for await (const one of stream) {
      deliveries += one.deliveries.length;
      if (one.caughtUp) break;
    }
    stream.on('error', () => undefined);
    stream.cancel();
    assert.ok(deliveries > 100);

    const refused = await getTotals({ operationId: OPERATION }).then(assert.fail, (error) => error);
    assert.equal(refused.code, grpc.status.INVALID_ARGUMENT);
    const [details] = refused.metadata.get('grpc-status-details-bin');
    assert.match(details.toString('latin1'), /google\.rpc\.ErrorInfo/);
  } finally {
    client.close();
  }
});

check('curl --json', async () => {
  const jar = join(world.folder, 'jar');
  const curl = async (method, message, ...more) => {
    const { stdout } = await run('curl', ['--silent', '--show-error', '--cacert', world.tls.certificate, '--cookie', jar, '--cookie-jar', jar,
      '--write-out', '\n%{http_code}', ...more, '--json', JSON.stringify(message), gateway.url + method]);
    const [body, status] = stdout.split(/\n(?=\d+$)/);
    return { status, body };
  };
  const totals = () => curl('muster.v1.TallyService/GetTotals', { operation_id: OPERATION, definition: 'COUNTING_DEFINITION_LEAD' });
  assert.equal((await totals()).status, '401');
  assert.equal((await curl('muster.gateway.v1.SessionService/SignIn', { person: 'officer', password: PASSWORD })).status, '200');
  const { status, body } = await totals();
  assert.equal(status, '200');
  assert.equal(JSON.parse(body).totals.arrests.confirmed, '102');
  // Another site's page cannot make the browser do the same.
  const forged = await curl('muster.v1.TallyService/GetTotals', {}, '--header', 'Origin: https://elsewhere.example', '--header', 'Sec-Fetch-Site: cross-site');
  assert.equal(forged.status, '403');
});
