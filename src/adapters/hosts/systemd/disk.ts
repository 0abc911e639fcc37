import type { ClusterConfig } from '../../../model/config.js';
import type { DiskStatus } from '../../../model/disk.js';
import type { HostTarget } from '../../../model/host.js';
import { fresh, notConfigured, unknown, type Reading, type ReadingFault } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import { endText, isDenied } from '../command/ends.js';
import { fillIn, type CommandOutcome } from '../command/run.js';
import { diskOfTwo } from '../df.js';
import { hostNamed } from '../named.js';
import type { Stuck } from './stuck.js';

/** A file system that hangs must not hold up a pass: what is not there by then is unknown. */
const DEADLINE_MS = 3_000;

interface Here {
  readonly cluster: ClusterConfig;
  readonly clock: Clock;
  readonly run: (argv: readonly string[], withinMs: number) => Promise<CommandOutcome>;
  readonly stuck: Stuck;
}

interface Places {
  readonly data: string;
  readonly wal: string;
}

/**
 * Room of the volumes of a member's data directory and pg_wal, by `df` as a program of its own: on a mount that hangs (NFS, a lost disk) whoever asks
 * stands still, and within this process that would be one of the four threads that also write the journal. Of a program only a process is left, which
 * cannot be killed, and there is never a second one: until it ends, what is asked is answered with the time for which it has been standing.
 */
export function diskHere({ cluster, clock, run, stuck }: Here): (target: HostTarget) => Promise<Reading<DiskStatus>> {
  const systemd = cluster.hosts?.systemd ?? null;
  const asked = new Map<string, Promise<Reading<DiskStatus>>>();

  /** A slash behind each: a file is then none, and a directory needs not be readable itself. */
  function placesOf(host: string): Places | null {
    if (systemd?.data == null) return null;
    const [data = '', wal = ''] = fillIn([systemd.data, systemd.wal ?? `${systemd.data}/pg_wal`], { name: host });
    return { data: `${data}/`, wal: `${wal}/` };
  }

  async function ask(host: string, { data, wal }: Places): Promise<Reading<DiskStatus>> {
    const source = `df of ${data} and ${wal}`;
    const no = (fault: ReadingFault, why: string): Reading<DiskStatus> =>
      unknown(fault, `${source}: ${why}`, clock.now(), source);
    const startedMs = clock.monotonic();
    const hangs = stuck.whyNot(host);
    if (hangs !== null) return no('timeout', hangs);
    const mostMs = Math.min(cluster.deadlines.host, DEADLINE_MS);
    const df = async (what: string): Promise<CommandOutcome> => {
      const leftMs = Math.max(1, mostMs - (clock.monotonic() - startedMs));
      const outcome = await run([...(systemd?.df ?? ['df']), what, data, wal], leftMs);
      stuck.ran(host, outcome);
      return outcome;
    };
    // One after the other, so that a file system that hangs has one process of ours and not two.
    const room = await df('-Pk');
    if (room.kind === 'fault') return no(room.fault.fault, room.fault.why);
    if (room.code !== 0)
      return no(isDenied(room.stderr) ? 'denied' : 'bad-reply', `${endText(room.code)}: ${room.stderr}`);
    const inodes = await df('-Pi');
    if (inodes.kind === 'fault') return no(inodes.fault.fault, inodes.fault.why);
    const found = diskOfTwo(room.stdout.toString('utf8'), inodes.code === 0 ? inodes.stdout.toString('utf8') : '');
    return found === null
      ? no('bad-reply', 'it printed no line for each of the two')
      : fresh(found, clock.now(), source);
  }

  return (target) => {
    const host = target.kind === 'member' ? hostNamed(cluster, target) : undefined;
    const places = host === undefined ? null : placesOf(host);
    if (host === undefined || places === null)
      return Promise.resolve(notConfigured(`hosts.systemd.data of ${target.name}`, clock.now()));
    // Whoever asks while it is being asked, as another instance may, gets the same answer.
    const before = asked.get(host);
    if (before !== undefined) return before;
    const now = ask(host, places).finally(() => asked.delete(host));
    asked.set(host, now);
    return now;
  };
}
