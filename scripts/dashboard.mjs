// The dashboard as browsers load it: one script and one style sheet, so that a strict content security policy names both.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { newestSource } from './freshness.mjs';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const FROM = at('src/api/dashboard');
const TO = at('dist/api/dashboard');

/** In the order in which later rules win. */
const STYLES = ['base', 'now', 'topology', 'panels', 'story', 'timeline', 'controls', 'pages', 'narrow'];
const WHOLE = ['index.html', 'favicon.svg'];

/** Packages of these modules: an image has their code nowhere else than in the script, and with it goes their licence. */
const packagesOf = (modules) => {
  const names = modules.map((id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
};
const licenceOf = (name) => `${name}\n\n${readFileSync(at(`node_modules/${name}/LICENSE`), 'utf8')}`;

/** Writes dist/api/dashboard anew. Throws where a source has a fault. */
export async function bundleDashboard() {
  const bundle = await rolldown({
    input: `${FROM}/main.tsx`,
    platform: 'browser',
    resolve: { extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  });
  rmSync(TO, { recursive: true, force: true });
  mkdirSync(TO, { recursive: true });
  const { output } = await bundle.write({ file: `${TO}/app.js`, format: 'esm', minify: true, comments: false });
  await bundle.close();
  const packages = packagesOf(output.flatMap(({ moduleIds = [] }) => moduleIds));
  const plot = readFileSync(at('node_modules/uplot/dist/uPlot.min.css'), 'utf8');
  const styles = STYLES.map((name) => readFileSync(`${FROM}/styles/${name}.css`, 'utf8'));
  writeFileSync(`${TO}/style.css`, [plot, ...styles].join('\n'));
  writeFileSync(`${TO}/LICENSES.txt`, packages.map(licenceOf).join('\n'));
  for (const file of WHOLE) cpSync(`${FROM}/${file}`, `${TO}/${file}`);
}

/** The same, where a source is newer than what is there: for tests that run from the sources. */
export async function freshDashboard() {
  const isFresh = existsSync(`${TO}/index.html`) && statSync(`${TO}/index.html`).mtimeMs >= newestSource(FROM);
  if (!isFresh) await bundleDashboard();
}
