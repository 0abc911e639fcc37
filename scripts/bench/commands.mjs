// (e) What a command costs that only asks: processor time of the whole process, of this build and of an older one in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../ready.mjs';
import { median } from './figures.mjs';
import { timed } from './timed.mjs';

const RUNS = 15;
const DEMO_PORT = 8473;
const main = (folder) => join(resolve(folder), 'dist/cli/main.js');

/** What a daemon of that build says of a cluster of three members, as its own commands read it: the demo's, from its first passes. */
async function answers(folder) {
  const child = spawn(process.execPath, [main(folder), 'demo', '--port', String(DEMO_PORT)], { stdio: 'ignore' });
  const ended = once(child, 'exit').catch(() => undefined);
  const ask = async (path) => (await fetch(`http://127.0.0.1:${DEMO_PORT}${path}`)).json();
  try {
    for (let tries = 0; tries < 100; tries += 1) {
      await sleep(200);
      if (child.exitCode !== null)
        throw new Error(`the demo ended with ${child.exitCode}: is port ${DEMO_PORT} taken?`);
      const list = await ask('/v1/clusters').catch(() => null);
      const [first] = list?.clusters ?? [];
      if (first?.leader == null) continue;
      // A demo is refused where a configuration describes a cluster.
      delete first.demo;
      return { list: JSON.stringify(list), snapshot: JSON.stringify(await ask(`/v1/clusters/${first.scope}`)) };
    }
    throw new Error('the demo did not look at its cluster within 20 s');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** A daemon that costs nothing beside the command that is measured, and the configuration that leads to it. */
async function listening(name, { list, snapshot }) {
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(url === '/v1/clusters' ? list : snapshot);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const folder = join(ROOT, 'var/bench');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, `commands-${name}.ekimi.yaml`);
  const text = readFileSync(join(ROOT, 'config/demo.ekimi.yaml'), 'utf8');
  writeFileSync(config, text.replace(/^api: .*$/m, `api: { listen: 127.0.0.1:${server.address().port} }`));
  return { server, config };
}

/**
 * The least and the median of each command, in milliseconds; `before` is a built checkout of an older version, or null. The two take turns, so
 * that what else the machine does meets both.
 */
export async function benchCommands(before) {
  const folders = { now: ROOT, ...(before === null ? {} : { before }) };
  const daemons = {};
  for (const [which, folder] of Object.entries(folders)) daemons[which] = await listening(which, await answers(folder));
  const commands = {
    '--version': () => ['--version'],
    status: (which) => ['status', '--config', daemons[which].config],
  };
  const rows = [];
  try {
    for (const [name, argvOf] of Object.entries(commands)) {
      const cpuMs = Object.fromEntries(Object.keys(folders).map((which) => [which, []]));
      for (let n = 0; n < RUNS; n += 1)
        for (const [which, folder] of Object.entries(folders))
          cpuMs[which].push((await timed(process.execPath, main(folder), ...argvOf(which))).cpuMs);
      const of = (which) => ({ leastMs: Math.min(...cpuMs[which]), medianMs: median(cpuMs[which]) });
      rows.push({ name, now: of('now'), before: before === null ? null : of('before') });
    }
  } finally {
    for (const { server } of Object.values(daemons)) {
      server.close();
      server.closeAllConnections();
    }
  }
  return rows;
}
