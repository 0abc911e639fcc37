import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiOf } from '../api/openapi/document.js';
import { ROUTES } from '../api/routes.js';
import { casesPage } from './cases.js';
import { frozenLeaderPage } from './frozen-leader.js';
import { hungLeaderPage } from './hung-leader.js';
import { namedTests } from './named-tests.js';
import { defaultPolicy, pages } from './pages.js';

/** `node dist/docs/generate.js [--check]`: writes docs/generated, or with --check exits 1 and names the files that differ. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${root}docs/generated/`;
const isCheck = process.argv.includes('--check');
const differing: string[] = [];
mkdirSync(folder, { recursive: true });
for (const { file, text } of [
  ...pages(),
  await frozenLeaderPage(defaultPolicy()),
  await hungLeaderPage(defaultPolicy()),
  casesPage(namedTests(root)),
  { file: 'openapi.json', text: `${JSON.stringify(openApiOf(ROUTES), null, 2)}\n` },
]) {
  const path = `${folder}${file}`;
  if (!isCheck) writeFileSync(path, text);
  else if (present(path) !== text) differing.push(file);
}
if (differing.length > 0) {
  process.stderr.write(`docs/generated differs from the tables in ${differing.join(', ')}: run \`npm run docs\`\n`);
  process.exitCode = 1;
}

function present(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
