#!/usr/bin/env node
// `npm start` on a fresh clone: installs and builds what is missing, then runs the demo. Arguments after `--` go to it.
import { built, installed, ROOT } from './ready.mjs';

process.chdir(ROOT);
installed();
built();
process.argv.splice(2, 0, 'demo');
await import(new URL('../dist/cli/main.js', import.meta.url).href);
