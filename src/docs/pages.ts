import { PERMIT_GATES } from '../actions/action.js';
import { ACTIONS } from '../actions/index.js';
import { API_ERRORS } from '../api/errors.js';
import { CONFLICTS } from '../model/conflict.js';
import { CONFLICT_REMEDY } from '../words/conflict.js';
import { CATALOGUE, graceOf } from '../assess/catalogue.js';
import { CHECK_EXIT_CODES, EXIT_CODES } from '../cli/cli-error.js';
import { parsePolicy } from '../config/load-policy.js';
import { configReference } from '../config/reference.js';
import { durationText } from '../config/units.js';
import { GATES } from '../decide/gates.js';
import { clusterMachine, dcsMachine, memberMachine, proxyMachine } from '../machines/parts.js';
import { problemMachine } from '../machines/problem.js';
import { remediationMachine } from '../machines/remediation.js';
import {
  HOST_DRIVER_NAMES,
  HOST_DRIVERS,
  HOST_PRIMITIVES,
  type HostDriverRow,
  type HostPrimitive,
} from '../model/host-drivers.js';
import { ACTION_NAMES, type ActionName } from '../model/plan.js';
import type { Grace, Policy } from '../model/policy.js';
import { RIGHT_NAMES, RIGHT_SYSTEMS, RIGHTS, type RightRow } from '../model/rights.js';
import { COMMAND_CODES, FILE_CODES, JOURNAL_CODES, LOG_CODES } from './codes.js';
import { diagramOf } from './diagram.js';
import { NOTE, PROSE_NOTE, table, type Page } from './page.js';
import { PROBLEM_PAGES } from './problem-pages.js';
import { metricsPage } from './metrics-page.js';
import { runbookMapPage } from './runbook-map.js';

const DEFAULT_WAITS = { ttlMs: 30_000, loopWaitMs: 10_000 };

/** An empty policy file, completed. */
export function defaultPolicy(): Policy {
  const loaded = parsePolicy('policy.yaml', Buffer.from('mode: dry-run\n'));
  if (!loaded.ok) throw new Error('the default policy does not load');
  return loaded.policy;
}

export function pages(): readonly Page[] {
  const policy = defaultPolicy();
  return [
    { file: 'problems.md', text: problems(policy) },
    { file: 'gates.md', text: gates() },
    { file: 'actions.md', text: actions(policy) },
    { file: 'machines.md', text: machines() },
    { file: 'configuration.md', text: `${configReference().trimEnd()}\n\n${NOTE}\n` },
    { file: 'error-codes.md', text: errorCodes() },
    { file: 'host-drivers.md', text: hostDrivers() },
    { file: 'rights.md', text: rights(policy) },
    metricsPage(),
    runbookMapPage(),
  ];
}

const graceText = ({ forMs, samples, clearForMs }: Grace): string =>
  `${durationText(forMs)}, ${samples} passes; gone for ${durationText(clearForMs)}`;

function problems(policy: Policy): string {
  const rows = CATALOGUE.map((problem) => {
    const ladder = problem.ladder.map(
      (rung) => `${rung.action} (${rung.minChannels} channels, one of ${rung.oneOf.join(', ')})`,
    );
    return [
      `\`${problem.code}\``,
      problem.milder === undefined ? problem.level : `${problem.level}, or ${problem.milder.level}`,
      problem.meaning,
      problem.seenBy,
      graceText(graceOf(problem.code, policy, DEFAULT_WAITS)) +
        (problem.milder === undefined ? '' : `. Milder: ${graceText(problem.milder.grace(policy, DEFAULT_WAITS))}`),
      ladder.length === 0 ? 'none' : ladder.join(', then '),
      problem.page,
      `${problem.advice} [More](../runbook/problems/${PROBLEM_PAGES[problem.code]}.md#${problem.code})`,
    ];
  });
  const head = ['code', 'level', 'meaning', 'seen by', 'grace', 'ladder', 'page', 'for a person'];
  return `# Problems\n\n${NOTE}\n\nHighest in the table goes first when two ask for an action in one pass. Graces are those of the default policy on a cluster with ttl 30 s and loop_wait 10 s.\n\n${table(head, rows)}\n`;
}

function gates(): string {
  const rows = GATES.map((gate, index) => [String(index + 1), `\`${gate.name}\``, gate.doc]);
  return `# Gates\n\n${NOTE}\n\nAll are asked of every plan, in this order, and every "no" is kept with its reason and with what would lift it. The authority gates (the first ${GATES.filter((gate) => gate.isOfAuthority === true).length}) are asked again before each later step of a procedure.\n\n${table(['', 'gate', 'what it asks'], rows)}\n\n## Who passes a gate that holds the others\n\n${permits()}\n`;
}

/** Action by gate: what each may pass, and when. */
function permits(): string {
  const head = ['action', ...PERMIT_GATES.map((gate) => (gate === 'window' ? '`window` (a freeze)' : `\`${gate}\``))];
  const rows = ACTION_NAMES.filter((name) => ACTIONS[name].permits !== undefined).map((name) => [
    `\`${name}\``,
    ...PERMIT_GATES.map((gate) => ACTIONS[name].permits?.[gate]?.when ?? ''),
  ]);
  return `${table(head, rows)}\n\nEvery other action passes none of them.`;
}

function actions(policy: Policy): string {
  const rows = ACTION_NAMES.map((name) => {
    const action = ACTIONS[name];
    const { mode, cooldownMs, attempts, timeoutMs } = policy.actions[name];
    return [
      `\`${name}\``,
      action.summary,
      action.class,
      action.risk,
      action.runbook,
      action.needs(policy).join(', ') || 'nothing beyond Patroni and etcd',
      ACTIONS[name].refusals,
      freezeText(action.permits?.window?.when ?? null),
      action.inverse === null ? action.inverseNote : `${action.inverse}: ${action.inverseNote}`,
      `${mode}, cool-down ${durationText(cooldownMs)}, ${attempts} attempts, ${durationText(timeoutMs)} to take effect`,
    ];
  });
  const head = [
    'action',
    'what it does',
    'class',
    'risk',
    'runbook section',
    'needs',
    'refuses when',
    'in a freeze',
    'undo',
    'default',
  ];
  return `# Actions\n\n${PROSE_NOTE}\n\n${table(head, rows)}\n`;
}

const freezeText = (when: string | null): string =>
  when === null ? 'no' : when.startsWith('always') ? when : `only if ${when}`;

/** Machines whose edges forbid nothing say so: they give what was found its name on a screen, and decide nothing. */
const RELABELLING = 'Only a label: every fact leads from every state.';

const MACHINES = [
  ['A problem', 'Grace and hysteresis by time and sample count; UNKNOWN changes nothing.', problemMachine],
  [
    'A remediation',
    'From `unknown` there is no way back to `sending`: what may have happened is never repeated.',
    remediationMachine,
  ],
  ['The cluster', 'A split brain is entered through its suspicion only.', clusterMachine],
  ['A member', `As an operator thinks of it. ${RELABELLING}`, memberMachine],
  ['The DCS', `etcd by its own health. ${RELABELLING}`, dcsMachine],
  ['The proxy', `Whether it routes as the cluster is. ${RELABELLING}`, proxyMachine],
] as const;

function machines(): string {
  const parts = MACHINES.map(
    ([title, about, machine]) => `## ${title}\n\n${about}\n\n\`\`\`mermaid\n${diagramOf(machine.config)}\n\`\`\`\n`,
  );
  return `# State machines\n\n${NOTE}\n\n${parts.join('\n')}`;
}

const OF_DIRECTORIES: readonly HostPrimitive[] = ['moveAside', 'listAside'];

const cellOf = ({ primitives, asideOf }: HostDriverRow, primitive: HostPrimitive): string => {
  if (!primitives.includes(primitive)) return 'no';
  return OF_DIRECTORIES.includes(primitive) && !asideOf.includes('store') ? 'members' : 'yes';
};

const POWER_NOTE =
  'What cuts the power of a machine (`power`) is no host driver, and `peers` do not lend it: it is for a machine that hangs, and the instance beside it hangs with it. The program is run by whoever holds tenure, so each instance has `clusters[].power` in its own file, and a way to each outlet.';

/** What each driver has; everything else is read as `not-configured`, and nothing is concluded from it. */
function hostDrivers(): string {
  const rows = HOST_DRIVER_NAMES.map((name) => {
    const row: HostDriverRow = HOST_DRIVERS[name];
    return [
      `\`${name}\``,
      row.summary,
      row.states.join(', '),
      ...HOST_PRIMITIVES.map((primitive) => cellOf(row, primitive)),
      row.identity,
      row.asksMachine ? 'yes' : 'no',
      row.shownWith,
    ];
  });
  const head = [
    'driver',
    'what runs there',
    'states',
    ...HOST_PRIMITIVES,
    'identity of a run',
    'names its machine',
    'tested against',
  ];
  return `# Host drivers\n\n${NOTE}\n\nA target is a member, an etcd endpoint (store) or a proxy. Every driver tells its state and obeys start, stop, restart and kill; what it has not is \`not-configured\`, from which nothing follows. With an identity a request goes to the run that was looked at, and to no other.\n\n${table(head, rows)}\n\n${POWER_NOTE}\n`;
}

/** All rights that are used, by system; what is off by default is lost only once it is on. */
function rights(policy: Policy): string {
  const isOff = (name: ActionName): boolean => policy.actions[name].mode === 'off';
  const lostText = ({ actions, ways, else: more }: RightRow): string => {
    const named =
      actions === 'every' ? ['every action'] : actions.map((name) => (isOff(name) ? `${name} (off)` : name));
    const drains = ways === undefined ? [] : [`${ways.actions.join(' and ')} by ${ways.by}`];
    return [...(named.length === 0 ? [] : [named.join(', ')]), ...drains, ...(more === '' ? [] : [more])].join('; ');
  };
  const sections = RIGHT_SYSTEMS.map((system) => {
    const rows = RIGHT_NAMES.map((name): RightRow => RIGHTS[name]).filter((row) => row.system === system);
    const head = ['right', 'how the doctor asks', 'lost without it'];
    return `## ${system}\n\n${table(
      head,
      rows.map((row) => [row.right, row.asked, lostText(row)]),
    )}\n`;
  });
  return `# Rights\n\n${NOTE}\n\nWhat is marked (off) is off by default and needs its right only once it is on. How to give them: [rights](../rights.md).\n\n${sections.join('\n')}`;
}

function errorCodes(): string {
  const api = API_ERRORS.map(({ code, status, meaning, remedy }) => [`\`${code}\``, String(status), meaning, remedy]);
  const exits = EXIT_CODES.map(({ code, name, meaning }) => [String(code), name, meaning]);
  const checks = CHECK_EXIT_CODES.map(({ code, name }) => [String(code), name]);
  const words = (rows: typeof FILE_CODES) =>
    table(
      ['code', 'meaning', 'remedy'],
      rows.map(([code, ...rest]) => [`\`${code}\``, ...rest]),
    );
  const sections = [
    ['HTTP API', table(['code', 'status', 'meaning', 'remedy'], api)],
    [
      'Refused as things stand: the remedies of `conflict`',
      table(
        ['why', 'remedy'],
        CONFLICTS.map((why) => [why.replaceAll('-', ' '), CONFLICT_REMEDY[why]]),
      ),
    ],
    ['Commands', table(['exit', 'name', 'meaning'], exits)],
    ['What a command says', words(COMMAND_CODES)],
    ['ekimi check', table(['exit', 'state'], checks)],
    [
      'Files of configuration',
      `${words(FILE_CODES)}\n\nThe codes of the rules between keys are in [the reference](configuration.md#rules-between-keys).`,
    ],
    ['The journal', words(JOURNAL_CODES)],
    ['The log', words(LOG_CODES)],
  ] as const;
  return `# Error and exit codes\n\n${PROSE_NOTE}\n\n${sections.map(([title, text]) => `## ${title}\n\n${text}`).join('\n\n')}\n`;
}
