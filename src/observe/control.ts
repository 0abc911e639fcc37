import type { ControlData, ControlReadings } from '../model/control.js';
import { memberHost } from '../model/host.js';
import { freshValue, notConfigured, type Reading } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { orNone, read, type Pass } from './pass.js';
import { CONTROL } from './sources.js';

/** The control file of each member, while the host driver says in this look that nothing runs on any of them; null: something may. */
export async function observeControl(pass: Pass, members: readonly MemberView[]): Promise<ControlReadings | null> {
  if (members.length === 0 || members.some(({ host }) => freshValue(host)?.state !== 'stopped')) return null;
  const { host } = pass.ports;
  const readings = await Promise.all(
    members.map(async ({ name }): Promise<[string, Reading<ControlData>]> => {
      const last = pass.previous?.control?.[name] ?? null;
      const ask = () => orNone(host?.controldata?.(memberHost(name)) ?? null, notConfigured(CONTROL.part, pass.nowMs));
      return [name, await read(pass, CONTROL, { key: `${name} control`, last, member: name, ask })];
    }),
  );
  return Object.fromEntries(readings);
}
