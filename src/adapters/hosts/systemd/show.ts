import type { HostStatus } from '../../../model/host.js';

/** What is asked of a unit, in one `systemctl show`. */
export const PROPERTIES = [
  'Id',
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'FreezerState',
  'InvocationID',
  'ExecMainPID',
  'ExecMainStartTimestamp',
  'ExecMainExitTimestamp',
  'ExecMainCode',
  'ExecMainStatus',
  'Result',
  'NRestarts',
  'TasksAccounting',
  'TasksCurrent',
  'ControlGroup',
] as const;

/** What the properties say, or why they prove nothing. */
export type Shown =
  { readonly kind: 'status'; readonly status: HostStatus } | { readonly kind: 'nothing'; readonly why: string };

/** A unit that was never meant for this machine is not enabled on it: a template has every instance that it is asked for. */
const ENABLED = ['enabled', 'enabled-runtime', 'linked', 'linked-runtime', 'alias', 'generated', 'transient'];

/** `CLD_EXITED` of waitid; the others are signals. */
const EXITED = '1';

/**
 * A unit by what `systemctl show` printed, under `TZ=UTC` and `LC_ALL=C`.
 *
 * Not stopped, whatever its state says: one in whose control group processes are left. Patroni's own unit has `KillMode=process`, so that
 * PostgreSQL outlives a Patroni that was killed, and takes writes. Not stopped either, but unknown: one of which nobody says that none is left,
 * since without `TasksAccounting` they are not counted (systemd keeps the control group until it is empty); a unit that this machine does not
 * have; and one that it has and never ran nor enabled, since `patroni@ANYTHING.service` of a template is loaded and inactive on every machine.
 */
export function statusFrom(text: string, unit: string): Shown {
  const values = new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf('=');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
    }),
  );
  const of = (name: (typeof PROPERTIES)[number]): string => values.get(name) ?? '';
  const nothing = (why: string): Shown => ({ kind: 'nothing', why });
  if (of('Id') === '' || of('ActiveState') === '') return nothing('it printed no unit');
  if (of('LoadState') !== 'loaded')
    return nothing(`unit ${unit} could not be found here: LoadState=${of('LoadState')}`);
  const state = stateOf(of('ActiveState'), of('SubState'), of('FreezerState'));
  if (state === null) return nothing(`ActiveState=${of('ActiveState')} is no state that is known`);
  const run = of('InvocationID');
  const tasks = numberOf(of('TasksCurrent'));
  const isLeft = tasks !== null && tasks > 0;
  if (state === 'stopped' && !isLeft && run === '' && !ENABLED.includes(of('UnitFileState')))
    return nothing(
      `unit ${unit} is not enabled and did not run here since this machine started: it may run on another one (systemctl enable ${unit}, where it belongs here)`,
    );
  const isEmpty = of('TasksAccounting') === 'yes' && (tasks === 0 || values.get('ControlGroup') === '');
  if (state === 'stopped' && !isLeft && !isEmpty)
    return nothing(
      `unit ${unit} is inactive, and whether processes of it are left is not counted (TasksAccounting=${of('TasksAccounting')}): PostgreSQL may run on`,
    );
  const isOver = state === 'stopped' && !isLeft;
  return {
    kind: 'status',
    status: {
      state: state === 'stopped' && isLeft ? 'running' : state,
      id: run === '' ? unit : `${run}/${of('ExecMainPID')}`,
      startedAtMs: momentFrom(of('ExecMainStartTimestamp')),
      finishedAtMs: isOver ? momentFrom(of('ExecMainExitTimestamp')) : null,
      exitCode: isOver ? exitCodeFrom(of('ExecMainCode'), of('ExecMainStatus')) : null,
      oomKilled: of('Result') === 'oom-kill',
      restartCount: numberOf(of('NRestarts')) ?? 0,
    },
  };
}

function stateOf(active: string, sub: string, freezer: string): HostStatus['state'] | null {
  if (freezer === 'frozen' || freezer === 'freezing') return 'paused';
  if (active === 'active' || active === 'reloading' || active === 'deactivating') return 'running';
  if (active === 'activating') return sub === 'start' || sub === 'start-post' ? 'running' : 'restarting';
  return active === 'inactive' || active === 'failed' ? 'stopped' : null;
}

/** `Thu 2026-11-26 17:31:23 UTC`; another zone would be another moment, and is none. */
function momentFrom(text: string): number | null {
  const [, day, time] = /^\w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/.exec(text) ?? [];
  return day === undefined || time === undefined ? null : Date.parse(`${day}T${time}Z`);
}

const numberOf = (text: string): number | null => (/^\d{1,9}$/.test(text) ? Number(text) : null);

/** As a shell has it: 128 and the signal. */
function exitCodeFrom(code: string, status: string): number | null {
  const value = numberOf(status);
  if (value === null || code === '0' || code === '') return null;
  return code === EXITED ? value : 128 + value;
}
