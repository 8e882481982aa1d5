// Where programs, packages and results are. ctest says so in the environment; by hand the defaults fit a `dev` build.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const source = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const build = process.env.MUSTER_BUILD ?? join(source, 'build', 'dev');
const programs = process.env.MUSTER_BIN ?? join(build, 'bin');

export const program = (name) => join(programs, name);

// The folder with the application's packages and its built files (below dist/).
const work = process.env.MUSTER_DASHBOARD_WORK ?? join(source, 'client', 'dashboard');
export const dashboardDir = process.env.MUSTER_DASHBOARD_DIR ?? join(work, 'dist');
// ES modules do not look for packages there by themselves.
export const require = createRequire(join(work, 'package.json'));

// What tests leave behind on purpose: figures, printed pages, and logs of a run that failed.
export const results = process.env.MUSTER_DASHBOARD_RESULTS ?? join(build, 'dashboard-results');
export const shots = process.env.MUSTER_SHOTS ?? join(build, 'dashboard-shots');
mkdirSync(results, { recursive: true });

export const chromiumPath = () => process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
