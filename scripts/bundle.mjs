// Puts what `ekimi` runs into few files, over what tsc left as dist/cli/main.js: some hundred modules less to find, parse and keep (docs/benchmarks.md).
// A command still loads only what it needs. Packages stay outside, but for two of which only what is used comes along: zod, whose own index loads
// its messages in fifty languages, and xstate, of which a quarter is used.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const INSIDE = /^(zod|xstate)(\/|$)/;

// Two folders below the project, like the modules: what they find beside themselves is found by the same way.
rmSync(at('dist/bundle'), { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: at('src/cli/main.ts') },
  platform: 'node',
  resolve: { extensionAlias: { '.js': ['.ts'] } },
  external: (id) => /^[^./]/.test(id) && !INSIDE.test(id),
});
await bundle.write({
  dir: at('dist'),
  format: 'esm',
  comments: false,
  entryFileNames: 'cli/main.js',
  chunkFileNames: 'bundle/[name]-[hash].js',
});
await bundle.close();

// V8 keeps the text of a module with two bytes for each letter as soon as one of them is beyond Latin-1: a single "…" cost 270 kB. Those
// within it are escaped as well, whatever a loader makes of them.
for (const name of readdirSync(at('dist/bundle'))) {
  const file = at(`dist/bundle/${name}`);
  const code = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    code.replace(/[^\x00-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
