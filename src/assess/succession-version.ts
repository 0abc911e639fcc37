import type { Memory } from '../model/states.js';
import { majorOf, serverVersionText } from '../model/versions.js';

/** Whoever follows and who led, by the versions that they told last; null: one of them never told. */
function versionsOf(memory: Memory, name: string, old: string | null) {
  const own = memory.serverVersions?.[name];
  const led = old === null || old === name ? undefined : memory.serverVersions?.[old];
  return own === undefined || led === undefined ? null : { own, led };
}

/** Its data directory is of another major version: it never followed this leader, and no consent makes it a successor. */
export function majorDiffers(memory: Memory, name: string, old: string | null): readonly string[] {
  const versions = versionsOf(memory, name, old);
  if (versions === null || majorOf(versions.own) === majorOf(versions.led)) return [];
  return [`runs PostgreSQL ${serverVersionText(versions.own)}, the leader ran ${serverVersionText(versions.led)}`];
}

/** A newer leader's replicas are upgraded first, since what a newer minor version wrote an older one may misread; a person may agree. */
export function olderThan(memory: Memory, name: string, old: string | null): readonly string[] {
  const versions = versionsOf(memory, name, old);
  if (versions === null || majorOf(versions.own) !== majorOf(versions.led) || versions.own >= versions.led) return [];
  return [
    `runs PostgreSQL ${serverVersionText(versions.own)}, older than the leader's ${serverVersionText(versions.led)}`,
  ];
}
