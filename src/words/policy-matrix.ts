import { ACTIONS } from '../actions/index.js';
import { CATALOGUE } from '../assess/catalogue.js';
import { budgetUsed } from '../ledger/budgets.js';
import type { Ledger } from '../model/ledger.js';
import { ACTION_NAMES, type ActionName, type Risk } from '../model/plan.js';
import type { ActionWindow, Mode, Policy, WindowFacts } from '../model/policy.js';
import { STAGED_NAMES, STAGED_ROWS, type StagedName } from '../model/staged.js';
import type { Actuators } from '../model/view.js';

/** What the policy says of it, whatever brakes it now. `never`: Ekimi neither does it nor asks for it. */
export type Doing = 'alone' | 'asks' | 'never';

/** What keeps it from being sent now, and until when, milliseconds since 1970; null: until somebody changes it. */
export interface Brake {
  readonly by: 'mode' | 'kill-switch' | 'breaker' | 'budget' | 'freeze' | 'window' | 'requirement';
  readonly text: string;
  readonly untilMs: number | null;
}

export interface PolicyRow {
  readonly kind: 'action' | 'procedure';
  readonly name: ActionName | StagedName;
  /** null: of a procedure, whose stages each have their own. */
  readonly risk: Risk | null;
  readonly doing: Doing;
  /** Its mode, word for word: off, observe, approve or auto. */
  readonly says: string;
  /** A problem of the catalogue calls for it. false: it begins where a person or a procedure starts it. */
  readonly byItself: boolean;
  readonly window: ActionWindow;
  /** Beside those that hold everything. */
  readonly brakes: readonly Brake[];
}

/** The effective policy of one cluster: what Ekimi does alone, what it asks for, what it never does, and what holds it now. */
export interface PolicyMatrix {
  readonly mode: Mode;
  /** What holds every row; of a member or a procedure: what it touches. */
  readonly brakes: readonly Brake[];
  readonly rows: readonly PolicyRow[];
}

const DOING: Readonly<Record<string, Doing>> = { auto: 'alone', approve: 'asks' };

const PART: Readonly<Record<keyof Actuators, string>> = {
  proxy: 'a proxy (haproxy)',
  tags: "access to each member's patroni.yml (tags)",
  sql: 'SQL on each member (postgres)',
  host: 'a host driver (hosts)',
};

/** One row an action and a procedure. `actuators`: what is configured; null: not known, so nothing is said of it. */
export function policyMatrix(
  policy: Policy,
  ledger: Ledger,
  windows: WindowFacts,
  nowMs: number,
  actuators: Actuators | null = null,
): PolicyMatrix {
  const switches = switchBrakes(ledger, nowMs);
  const calledFor = new Set<string>(CATALOGUE.flatMap(({ ladder }) => ladder.map(({ action }) => action)));
  // A policy of an older version, in a journal, has no word on what came later: then it did not exist.
  const actions = ACTION_NAMES.filter((name) => Object.hasOwn(policy.actions, name)).map((name): PolicyRow => {
    const { mode, window } = policy.actions[name];
    return {
      kind: 'action',
      name,
      risk: ACTIONS[name].risk,
      doing: doingOf(policy.mode, calledFor.has(name), mode),
      says: mode,
      byItself: calledFor.has(name),
      window,
      brakes: [
        ...missingParts(name, policy, actuators),
        ...switches.filter(({ subject }) => subject === `action:${name}`).map(({ brake }) => brake),
        ...limitBrakes(name, policy, ledger, nowMs),
        ...windowBrakes(window, windows),
      ],
    };
  });
  return {
    mode: policy.mode,
    brakes: [
      ...modeBrake(policy.mode),
      ...switches.filter(({ subject }) => !subject.startsWith('action:')).map(({ brake }) => brake),
      ...freezeBrake(windows),
    ],
    rows: [...actions, ...STAGED_NAMES.map((name) => procedureRow(name, policy, windows))],
  };
}

/** What no problem calls for is begun by a person, who agrees to it by that, or by what a person began. */
const doingOf = (mode: Mode, byItself: boolean, says: string): Doing =>
  mode !== 'observe' && byItself ? (DOING[says] ?? 'never') : 'never';

function procedureRow(name: StagedName, policy: Policy, windows: WindowFacts): PolicyRow {
  const byItself = (STAGED_ROWS[name].for ?? []).length > 0;
  const { mode, window } = policy.procedures?.[name] ?? { mode: 'off', window: 'any' as const };
  return {
    kind: 'procedure',
    name,
    risk: null,
    doing: doingOf(policy.mode, byItself, mode),
    says: mode,
    byItself,
    window,
    brakes: byItself ? windowBrakes(window, windows) : [],
  };
}

const MODE_TEXT: Readonly<Record<Mode, string | null>> = {
  observe: 'mode: observe: problems are named, nothing is planned or sent',
  'dry-run': 'mode: dry-run: everything is rehearsed, nothing is sent',
  enforce: null,
};

function modeBrake(mode: Mode): readonly Brake[] {
  const text = MODE_TEXT[mode];
  return text === null ? [] : [{ by: 'mode', text, untilMs: null }];
}

const switchBrakes = (
  { switches }: Ledger,
  nowMs: number,
): readonly { readonly subject: string; readonly brake: Brake }[] =>
  switches
    .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
    .map(({ subject, owner, reason, expiresAtMs }) => ({
      subject,
      brake: { by: 'kill-switch', text: `${owner} switched off ${subject}: ${reason}`, untilMs: expiresAtMs },
    }));

function missingParts(name: ActionName, policy: Policy, actuators: Actuators | null): readonly Brake[] {
  if (actuators === null) return [];
  return ACTIONS[name]
    .needs(policy)
    .filter((part) => !actuators[part])
    .map((part) => ({ by: 'requirement', text: `needs ${PART[part]}, which is not configured`, untilMs: null }));
}

/** As the gate: what costs nothing passes, and what brings an election forward counts for itself and passes the breaker. */
function limitBrakes(name: ActionName, policy: Policy, ledger: Ledger, nowMs: number): readonly Brake[] {
  const { risk, bringsForward } = ACTIONS[name];
  if (risk === 'none') return [];
  const isApart = bringsForward === true;
  if (ledger.breaker !== null && !isApart)
    return [{ by: 'breaker', text: `the breaker is open: ${ledger.breaker.reason}`, untilMs: null }];
  const used = isApart ? budgetUsed({ ledger, nowMs }, name) : budgetUsed({ ledger, nowMs });
  const { perHour } = policy.limits;
  if (used < perHour) return [];
  return [{ by: 'budget', text: `${used} actions within an hour, limits.perHour is ${perHour}`, untilMs: null }];
}

const freezeBrake = ({ freeze }: WindowFacts): readonly Brake[] =>
  freeze === null ? [] : [{ by: 'freeze', text: `a freeze is in force: ${freeze.reason}`, untilMs: freeze.untilMs }];

function windowBrakes(window: ActionWindow, { maintenance, maintenanceOpensAtMs }: WindowFacts): readonly Brake[] {
  if (window !== 'maintenance' || maintenance !== null) return [];
  const untilMs = maintenanceOpensAtMs ?? null;
  const text = untilMs === null ? 'no maintenance window opens within a year' : 'no maintenance window is open';
  return [{ by: 'window', text, untilMs }];
}
