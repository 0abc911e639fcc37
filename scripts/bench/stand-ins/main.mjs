// A process of stand-ins: so many clusters of three members with all channels, of which the first ones accept connections and never answer.
// Prints one line of JSON with the addresses of each, and ends with its standard input.
//   node scripts/bench/stand-ins/main.mjs CLUSTERS HANGING FOLDER
import { createServer } from 'node:net';
import { join } from 'node:path';
import { engineAnswer, NAMES, patroniAnswer, patroniKeys, runtimeAnswer, sqlAnswer, statistics } from './documents.mjs';
import { etcdServers } from './etcd.mjs';
import { closingServer } from './http.mjs';
import { listening, mute } from './listen.mjs';
import { postgresServer } from './postgres.mjs';

const [clusters, hanging, folder] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];

const runtimeServer = () =>
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => socket.end(runtimeAnswer(chunk.toString('utf8'))));
  });

async function cluster(index) {
  const hangs = index < hanging;
  const scope = `cluster-${String(index + 1).padStart(2, '0')}`;
  const places = { scope, hangs, api: {}, sql: {}, etcd: [] };
  const open = (server, path) => listening(hangs ? mute() : server, path);
  for (const name of NAMES) {
    places.api[name] = await open(closingServer((...request) => patroniAnswer(places, name)(...request)));
    places.sql[name] = await open(postgresServer((statement) => answers[name](statement)));
  }
  const answers = Object.fromEntries(NAMES.map((name) => [name, sqlAnswer(places, name)]));
  const keys = Object.entries(patroniKeys(places)).map(([name, value]) => [
    `/service/${scope}/${name}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const isLeased = (key) => /\/(leader|members\/.*)$/.test(key);
  if (hangs) for (let one = 0; one < 3; one += 1) places.etcd.push(await listening(mute()));
  else places.etcd = await etcdServers(3, Object.fromEntries(keys), isLeased);
  places.stats = await open(closingServer(statistics));
  places.runtime = await open(runtimeServer());
  places.docker = await open(closingServer(engineAnswer), join(folder, `${scope}.sock`));
  return places;
}

const all = [];
for (let index = 0; index < clusters; index += 1) all.push(await cluster(index));
process.stdout.write(`${JSON.stringify(all)}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
