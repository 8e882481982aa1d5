// Certificates made for one run: what gateways show to browsers, and people's own, good and bad. Agencies' come from
// certs-example/make-certs.sh.
import { X509Certificate, createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';

const openssl = (...args) => run('openssl', args);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function authority(base, name) {
  await openssl('req', '-x509', '-sha256', '-days', '2', ...KEY, '-subj', `/CN=${name}`, '-keyout', `${base}.key`, '-out', `${base}.crt`,
    '-addext', 'keyUsage=critical,keyCertSign');
}

// Signed by `ca`, valid from and until these moments (YYYYMMDDhhmmssZ).
async function issue(folder, name, ca, from, until) {
  const base = join(folder, name);
  writeFileSync(`${base}.cnf`, `[ca]\ndefault_ca=i\n[i]\ndatabase=${base}.txt\nnew_certs_dir=${folder}\nrand_serial=yes\n` +
    'default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[ext]\nbasicConstraints=critical,CA:FALSE\n' +
    'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n');
  writeFileSync(`${base}.txt`, '');
  await openssl('req', '-new', ...KEY, '-subj', `/CN=${name}`, '-keyout', `${base}.key`, '-out', `${base}.csr`);
  await openssl('ca', '-batch', '-notext', '-config', `${base}.cnf`, '-extensions', 'ext', '-cert', `${ca}.crt`, '-keyfile', `${ca}.key`,
    '-startdate', from, '-enddate', until, '-in', `${base}.csr`, '-out', `${base}.crt`);
  return { certPath: `${base}.crt`, keyPath: `${base}.key` };
}

const stamp = (ms) => new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14) + 'Z';

// { certificate, key, spki }: self-signed, for loopback. `spki` is what a browser is told to trust.
export async function serverCertificate(folder) {
  mkdirSync(folder, { recursive: true });
  const base = join(folder, 'gateway');
  await openssl('req', '-x509', '-sha256', '-days', '2', ...KEY, '-subj', '/CN=localhost', '-keyout', `${base}.key`, '-out', `${base}.crt`,
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'extendedKeyUsage=serverAuth');
  const pem = readFileSync(`${base}.crt`);
  const spki = createHash('sha256').update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  return { certificate: `${base}.crt`, key: `${base}.key`, pem, spki };
}

// People's cards: { ca, good, unknown, expired, foreign }.
export async function peopleCertificates(folder) {
  mkdirSync(folder, { recursive: true });
  const ca = join(folder, 'people-ca');
  const stranger = join(folder, 'other-ca');
  await authority(ca, 'People of the office');
  await authority(stranger, 'Somebody else');
  const now = Date.now();
  const valid = [stamp(now - 3_600_000), stamp(now + 86_400_000)];
  return {
    ca: `${ca}.crt`,
    good: await issue(folder, 'good', ca, ...valid),
    unknown: await issue(folder, 'unknown', ca, ...valid),
    expired: await issue(folder, 'expired', ca, '20240101000000Z', '20240102000000Z'),
    foreign: await issue(folder, 'foreign', stranger, ...valid),
  };
}
