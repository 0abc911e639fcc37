import type { Ours } from '../ledger/ours-on.js';

const WAY_OUT = {
  drain: (name: string) => `drained by Ekimi: ekimi run-procedure undrain-replica ${name}`,
  fence: (name: string) => `fenced by Ekimi: wait until ${name} has rejoined`,
} as const;

/** What stands in the way of forgetting a member, a proxy or a pooler, and how it is ended. */
export function oursText(ours: Ours): string {
  const { name } = ours;
  switch (ours.kind) {
    case 'in-flight':
      return `${ours.action} ${name} is in flight: wait for its end (ekimi status)`;
    case 'run':
      return `${ours.procedure} ${name} is under way: let it end, or ekimi procedures abort ${ours.id} --reason TEXT`;
    case 'drain':
    case 'fence':
      return ours.proxy === null
        ? `${name} is ${WAY_OUT[ours.kind](name)}, or ekimi run-procedure remove-member ${name}`
        : `a server of ${name} in proxy ${ours.proxy} is ${WAY_OUT[ours.kind](name)}`;
    case 'taken-out':
      return `${name} was taken out by ${ours.by}: ekimi run-procedure give-back ${name}, or ekimi run-procedure remove-member ${name}`;
    case 'pause':
      return `pooler ${name} is paused by Ekimi: wait for its end, or ekimi run-procedure resume-pooler ${name}`;
  }
}

/** `why`: each with its remedy. */
export const configRefused = (scope: string, why: readonly string[]): string =>
  `the changed configuration of cluster ${scope} is not taken in: ${why.join('; ')}. Then send SIGHUP again; until then Ekimi goes on with the former one; the policy of the files is in force`;

/** `keys`: of a cluster, as its file has them. */
export const needsRestart = (scope: string, keys: readonly string[]): string =>
  `the changed configuration of cluster ${scope} is not taken in, since ${keys.join(', ')} cannot change while Ekimi runs: restart Ekimi, or take that back and send SIGHUP again`;

export const configTaken = (scope: string, changes: readonly string[]): string =>
  `cluster ${scope} goes on with its changed configuration: ${changes.join('; ')}`;

/** Beside what is in force. */
export const waitsForRestart = (file: string, keys: readonly string[]): string =>
  `${file}: takes effect at the next start of Ekimi: ${keys.join(', ')}`;
