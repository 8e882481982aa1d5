// Makes src/gen from the repository's proto files: the types of the app are those of the broker.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const app = join(dirname(fileURLToPath(import.meta.url)), '..');
const proto = process.env.MUSTER_PROTO_DIR ?? join(app, '..', '..', 'proto');
const out = join(app, 'src', 'gen');

const inFolder = (folder) => readdirSync(join(proto, folder)).filter((f) => f.endsWith('.proto')).map((f) => `${folder}/${f}`);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync(
  process.env.PROTOC ?? 'protoc',
  [
    `-I${proto}`,
    `-I${join(proto, 'third_party')}`,
    `--plugin=${join(app, 'node_modules', '.bin', 'protoc-gen-es')}`,
    `--es_out=${out}`,
    '--es_opt=target=ts',
    ...inFolder('muster/v1'),
    ...inFolder('muster/gateway/v1'),
    'google/rpc/error_details.proto',
  ],
  { stdio: 'inherit' },
);
