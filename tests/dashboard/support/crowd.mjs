// Sixty agencies, made up, that all report at once: a broker of their own, with one operation in which each has a site.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { require, source } from './places.mjs';
import { run } from './processes.mjs';
import { World } from './world.mjs';
import { serverCertificate } from './certificates.mjs';

const grpc = require('@grpc/grpc-js');
const { create, createFileRegistry, fromBinary, toBinary } = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema, timestampFromMs } = require('@bufbuild/protobuf/wkt');

const STATES = ['AL', 'AR', 'AZ', 'CA', 'CO', 'CT', 'DE', 'FL', 'GA', 'IA', 'ID', 'IL', 'IN', 'KS', 'KY', 'LA', 'MA', 'MD', 'ME', 'MI'];
const OPERATION = 'load-2026';
const ARREST = { uncategorised: 6, other: 5 };

function uuidV7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export class Crowd extends World {
  posted = 0;
  failed = 0;
  arrests = 0;
  #clients = new Map();
  #underWay = new Set();

  static async gather(count) {
    const crowd = new Crowd('load');
    try {
      await crowd.#begin(count);
    } catch (error) {
      await crowd.close(false);
      throw error;
    }
    return crowd;
  }

  async #begin(count) {
    this.tls = await serverCertificate(join(this.folder, 'tls'));
    this.names = Array.from({ length: count - 1 }, (_, i) => `agency-${i + 1}`);
    await this.#makeCertificates();
    this.address = '127.0.0.1:0';
    this.#writeConfig();
    await this.startBroker();
    this.address = readFileSync(join(this.replayFolder, 'data', 'address'), 'utf8').trim();
    await this.#readProtocol();
    const sites = this.names.map((_, i) => ({
      siteId: `site-${i + 1}`, name: `Site ${i + 1}`, state: STATES[i % STATES.length], timeZone: 'America/Chicago',
    }));
    for (const [i, name] of this.names.entries()) {
      const agency = { agencyId: name, name: `Agency ${i + 1}`, kind: 3, state: sites[i].state, phone24h: '+15735550199' };
      await this.#submit('mo-ago', 'registerAgency', { agency });
    }
    const day = 86_400_000;
    const window = { start: timestampFromMs(Date.now() - day), end: timestampFromMs(Date.now() + day) };
    await this.#submit('mo-ago', 'createOperation', { operation: { operationId: OPERATION, codeName: 'Load', mode: 2, window }, sites });
    for (const [i, agencyId] of this.names.entries()) {
      await this.#submit('mo-ago', 'setParticipant', { operationId: OPERATION, participant: { agencyId, role: 2, siteIds: [`site-${i + 1}`] } });
    }
    const sections = [{ sectionId: 'situation', kind: 1, title: 'Situation', body: 'EXERCISE.', audience: { roles: [2] } }];
    await this.#submit('mo-ago', 'publishPlan', { operationId: OPERATION, sections });
    await this.#submit('mo-ago', 'setOperationPhase', { operationId: OPERATION, phase: 2 });
  }

  async #makeCertificates() {
    const here = join(this.folder, 'certs-example');
    mkdirSync(this.replayFolder);
    cpSync(join(source, 'certs-example', 'make-certs.sh'), join(here, 'make-certs.sh'));
    const [head, ...lines] = readFileSync(join(source, 'certs-example', 'agencies.csv'), 'utf8').trim().split('\n');
    const lead = lines.find((line) => line.startsWith('mo-ago,'));
    const others = this.names.map((name) => `${name},local_police,MO,${name},false,false,+15735550199,operator`);
    writeFileSync(join(here, 'agencies.csv'), [head, lead, ...others, ''].join('\n'));
    await run('sh', [join(here, 'make-certs.sh'), '--out', join(this.replayFolder, 'certs'), '--days', '2']);
  }

  #writeConfig() {
    const certs = join(this.replayFolder, 'certs');
    writeFileSync(join(this.replayFolder, 'musterd.toml'), `data_dir = "${join(this.replayFolder, 'data')}"\n[listen]\naddress = "127.0.0.1:0"\n` +
      `[tls]\ncertificate_file = "${certs}/broker/broker.crt"\nkey_file = "${certs}/broker/broker.key"\nca_file = "${certs}/ca/ca.crt"\n` +
      'trust_domain = "muster.example"\n[bootstrap.registrar]\nagency_id = "mo-ago"\nname = "Missouri Attorney General"\n' +
      'kind = "attorney_general"\nstate = "MO"\nphone_24h = "+15735550101"\nmay_lead = true\nregistrar = true\n[admin]\naddress = ""\n');
  }

  async #readProtocol() {
    const descriptors = join(this.folder, 'muster.binpb');
    await run('protoc', ['-I', join(source, 'proto'), '--include_imports', '-o', descriptors, 'muster/v1/submission.proto']);
    const { method } = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors))).getService('muster.v1.SubmissionService');
    this.method = method.submit;
  }

  #client(agency) {
    if (!this.#clients.has(agency)) {
      const { certificate, key, ca } = this.credentials(agency);
      const credentials = grpc.credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(certificate));
      this.#clients.set(agency, new grpc.Client(this.address, credentials, { 'grpc.ssl_target_name_override': 'localhost' }));
    }
    return this.#clients.get(agency);
  }

  // Sends one submission; throws unless it is accepted.
  async #submit(agency, body, value) {
    const { input, output } = this.method;
    const message = create(input, { submission: { submissionId: uuidV7(), body: { case: body, value } } });
    const client = this.#client(agency);
    const encode = (one) => Buffer.from(toBinary(input, one));
    const decode = (bytes) => fromBinary(output, bytes);
    const answer = await new Promise((resolve, reject) =>
      client.makeUnaryRequest('/muster.v1.SubmissionService/Submit', encode, decode, message, (error, got) => (error ? reject(error) : resolve(got))));
    const decision = answer.outcome?.decision;
    if (decision?.case !== 'accepted') throw new Error(`${body} of ${agency}: ${decision?.case} ${decision?.value?.message ?? ''}`);
  }

  // From now on, `rate` reports a second in all, one agency after another.
  post(rate) {
    this.since = Date.now();
    this.#timer = setInterval(() => {
      // What is due by the clock, so that a timer that comes late loses nothing.
      for (const due = ((Date.now() - this.since) / 1000) * rate; this.posted < due; ) this.#report(this.posted++);
    }, 1000 / rate);
  }
  #timer;

  #report(number) {
    const i = number % this.names.length;
    const count = 1 + (number % 3);
    const entry = {
      entryId: uuidV7(), siteId: `site-${i + 1}`, category: number % 2 ? ARREST.uncategorised : ARREST.other, count, primaryAgencyId: this.names[i],
      occurredAt: timestampFromMs(Date.now()), status: 1, source: 'EXERCISE load',
    };
    const sent = this.#submit(this.names[i], 'recordTally', { operationId: OPERATION, entry }).then(
      () => (this.arrests += count),
      (error) => {
        if (this.failed++ === 0) console.error(error.message);
      },
    );
    this.#underWay.add(sent);
    void sent.finally(() => this.#underWay.delete(sent));
  }

  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  async close(well) {
    clearInterval(this.#timer);
    for (const client of this.#clients.values()) client.close();
    await super.close(well);
  }
}
