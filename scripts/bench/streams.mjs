// What it costs that a thousand follow the event stream, half of whom stop reading: memory of a real daemon, bytes on real sockets.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../ready.mjs';
import { ofImage } from './footprint.mjs';
import { LoopbackDaemon, StandIns } from './loopback.mjs';

export const CLIENTS = 1_000;
const CLUSTERS = 3;
const WARM_UP_MS = 20_000;
const WATCH_MS = 30_000;

/** `reads`: whether it ever takes what it is sent. Counts what arrives. */
function client(port, form, reads) {
  const socket = connect(port, '127.0.0.1');
  const one = { socket, bytes: 0 };
  socket.on('error', () => undefined);
  if (reads) socket.on('data', ({ length }) => (one.bytes += length));
  else socket.pause();
  socket.write(`GET /v1/events?form=${form} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  return one;
}

async function watched(daemon, clients) {
  const [bytes, cpu] = [clients.map((one) => one.bytes), daemon.cpuSeconds()];
  let mostMb = 0;
  for (let second = 0; second < WATCH_MS / 1000; second += 1) {
    await sleep(1_000);
    mostMb = Math.max(mostMb, daemon.rssMb());
  }
  const took = clients.reduce((sum, one, at) => sum + one.bytes - bytes[at], 0);
  return { rssMb: mostMb, cpuPercent: (100_000 * (daemon.cpuSeconds() - cpu)) / WATCH_MS, took };
}

/** Rows: nobody, then a thousand in each form, of whom half read nothing after they came; the most memory within half a minute. */
export async function benchStreams() {
  const standIns = await StandIns.start(CLUSTERS);
  const daemon = await LoopbackDaemon.start(ROOT, standIns, ofImage(ROOT));
  const port = Number(daemon.api.split(':')[1]);
  try {
    await sleep(WARM_UP_MS);
    const alone = await watched(daemon, []);
    const rows = [{ name: 'none', clients: 0, moreMb: 0, ...alone }];
    for (const form of ['changes', 'whole']) {
      const clients = Array.from({ length: CLIENTS }, (_, at) => client(port, form, at % 2 === 0));
      await sleep(10_000);
      const found = await watched(daemon, clients);
      const readers = CLIENTS / 2;
      const passes = (WATCH_MS / 1000) * CLUSTERS;
      rows.push({
        name: `${CLIENTS}, form=${form}`,
        clients: CLIENTS,
        ...found,
        moreMb: found.rssMb - alone.rssMb,
        bytesAPass: found.took / readers / passes,
      });
      for (const { socket } of clients) socket.destroy();
      await sleep(5_000);
    }
    return rows;
  } finally {
    await daemon.stop();
    await standIns.stop();
  }
}
