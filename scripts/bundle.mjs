// Puts what `ekimi` runs into few files, over what tsc left as dist/cli/main.js: some hundred modules less to find, parse and keep (docs/benchmarks.md).
// A command still loads only what it needs. Packages stay outside, but for zod, of which only what is used comes along: its own index
// loads its messages in fifty languages.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const INSIDE = /^zod(\/|$)/;

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
