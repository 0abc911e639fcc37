#!/usr/bin/env node
// record-haproxy.mjs - write down how one HAProxy shows each state that a server can be in, as the tests of the adapter read it.
//
// Usage: node lab/record-haproxy.mjs FOLDER [PREFIX...]     PREFIX leads to that HAProxy: nothing, or `chroot /some/debian`
//
// Needs no lab: one HAProxy on loopback whose checks and agents are answered here. FOLDER gets states.csv, states.servers.txt and states.info.txt.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, ...prefix] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node lab/record-haproxy.mjs FOLDER [PREFIX...]\n');
  process.exit(2);
}
const [STATS, RUNTIME, FINE, GONE] = [17_000, 17_001, 17_010, 17_011];
const AGENTS = { 'up 50%': 17_021, drain: 17_022, maint: 17_023, down: 17_024, stopped: 17_025, '0%': 17_026 };

const checked = `127.0.0.1:15432 check port ${FINE}`;
const agent = (word) => `${checked} weight 100 agent-check agent-port ${AGENTS[word]} agent-inter 200ms`;

const CONFIG = `
global
  stats socket ipv4@127.0.0.1:${RUNTIME} level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout check 1s
  option httpchk GET /
  default-server inter 200ms fall 1 rise 1
resolvers nobody
  nameserver none 127.0.0.1:17099
frontend stats
  mode http
  bind 127.0.0.1:${STATS}
  stats enable
  stats uri /stats
backend ro
  balance roundrobin
  server plain ${checked}
  server unchecked 127.0.0.1:15432
  server spare ${checked} backup
  server slow ${checked} weight 100 slowstart 60s
  server half ${agent('up 50%')}
  server down 127.0.0.1:15432 check port 17098
  server drained ${checked}
  server closed ${checked}
  server weightless ${checked}
  server disabled ${checked} disabled
  server follows-drained 127.0.0.1:15432 track ro/drained
  server follows-closed 127.0.0.1:15432 track ro/closed
  server agent-drain ${agent('drain')}
  server agent-maint ${agent('maint')}
  server agent-down ${agent('down')}
  server agent-stopped ${agent('stopped')}
  server agent-zero ${agent('0%')}
  server unresolved nowhere.invalid:15432 check port ${FINE} resolvers nobody init-addr none
backend soft
  http-check disable-on-404
  server leaving 127.0.0.1:15432 check port ${GONE}
`;

/** One command of the runtime API, and all that it answers. */
const runtime = (line) =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(RUNTIME, '127.0.0.1', () => socket.write(`${line}\n`));
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => (text += chunk));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });

const listening = (server, port) => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
let isGone = false;
const servers = [
  [createHttp((_, answer) => answer.end('ok')), FINE],
  [createHttp((_, answer) => answer.writeHead(isGone ? 404 : 200).end()), GONE],
  ...Object.entries(AGENTS).map(([word, port]) => [
    createServer((socket) => socket.on('error', () => undefined).end(`${word}\n`)),
    port,
  ]),
];
for (const [server, port] of servers) await listening(server, port);

const START = 'cat > /tmp/record-haproxy.cfg && exec haproxy -db -f /tmp/record-haproxy.cfg';
const [program, ...args] = [...prefix, 'sh', '-c', START];
const haproxy = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
haproxy.stdin.end(CONFIG);
try {
  await sleep(2_000);
  for (const line of [
    'set server ro/drained state drain',
    'set server ro/closed state maint',
    'set weight ro/weightless 0',
    'set server ro/slow health down',
  ]) {
    const answer = (await runtime(line)).trim();
    if (answer !== '') throw new Error(`${line}: ${answer}`);
  }
  isGone = true;
  await sleep(1_500);
  mkdirSync(folder, { recursive: true });
  const write = (name, text) => writeFileSync(join(folder, name), text.endsWith('\n') ? text : `${text}\n`);
  write('states.csv', await (await fetch(`http://127.0.0.1:${STATS}/stats;csv`)).text());
  write('states.servers.txt', await runtime('show servers state'));
  write('states.info.txt', (await runtime('show info')).replace(/^node: .*/m, 'node: haproxy'));
} finally {
  haproxy.kill('SIGTERM');
}
process.exit();
