import type { MemberOverview } from '../../api/member-overview.js';
import { clockText } from '../../words/moments.js';
import type { RunOverview } from '../../api/run-overview.js';
import { overview, type Level, type Overview } from '../../api/overview.js';
import { bytesText, spanText } from '../../words/amounts.js';
import { inZone } from '../../words/zone.js';
import { approvalWhy } from '../../words/consequence.js';
import { lossText } from '../../words/loss.js';
import type { Evacuation, Ledger } from '../../model/ledger.js';
import { isUnreached } from '../../assess/unreachable.js';
import { NO_ANSWER } from '../../words/no-answer.js';
import { isNote, type Problem } from '../../model/problem.js';
import { isOver } from '../../model/procedure-run.js';
import { commandsFor } from '../../model/staged.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { bold, byLevel, clean, dim, typed, untilText, type Style } from './paint.js';
import { asideLines } from './asides.js';
import { incidentLine } from './incident.js';
import { decisionLines } from './plan.js';
import { renderOpenRun } from './run.js';
import { table } from './table.js';
import { widthOf } from './wrap.js';
import { whole, type Item, type Part } from './fit.js';

const MODE_TEXT: Readonly<Record<Overview['mode'], string>> = {
  observe: 'observe: names what is wrong, sends nothing',
  'dry-run': 'dry-run: sends nothing',
  enforce: 'enforce: acts',
};

/** With what the daemon says of where the procedure under way stands; absent: none is, or it did not say. */
export type Shown = ClusterSnapshot & { readonly runs?: readonly RunOverview[] };

/** `ekimi status`: one cluster, from its state down to what a person should do. */
export const renderStatus = (snapshot: Shown, style: Style): string => whole(statusParts(snapshot, style), style);

const one = (line: string): Item => ({ lines: [line] });
const kept = (line: string): Item => ({ lines: [line], keep: true });
const quiet = (line: string): Item => ({ lines: [line], quiet: true });

/** The same in parts, in the order of reading; their ranks say what is kept where a terminal is small. */
export function statusParts(snapshot: Shown, style: Style): readonly Part[] {
  const { zone = null, nowMs } = style;
  const parts = partsOf(snapshot, style);
  const shown = (line: string): string =>
    typed(style, zone === null ? line : inZone(line, zone, nowMs), snapshot.scope);
  const inIt = (item: Item): Item => ({ ...item, lines: item.lines.map(shown) });
  return parts.map((part) => ({ ...part, items: part.items.map(inIt) }));
}

function partsOf(snapshot: Shown, style: Style): readonly Part[] {
  const view = overview(snapshot);
  const { ledger } = snapshot;
  const part = (title: string, rank: number, items: readonly Item[]): Part => ({ title, name: title, rank, items });
  const runs = (ledger.procedures ?? [])
    .filter((run) => !isOver(run))
    .map((run) => renderOpenRun(snapshot.runs?.find(({ id }) => id === run.id) ?? run, style));
  return [
    { title: null, name: 'the head', rank: 0, items: headLines(view, snapshot, style).map(kept) },
    { title: null, name: 'members', rank: 2, items: memberItems(view, style) },
    { title: null, name: 'etcd and budget', rank: 10, items: footLines(view).map(quiet) },
    part(
      'IMPAIRED',
      1,
      view.impaired.map((text) => one(byLevel(style, 'critical', clean(text)))),
    ),
    part(
      'INCIDENTS',
      4,
      view.incidents.map((incident) => one(incidentLine(incident, style))),
    ),
    part(
      'PROBLEMS',
      5,
      view.problems.filter((one) => !isNote(one)).map((problem) => ({ lines: problemLines(problem, style) })),
    ),
    part(
      'NOTES',
      9,
      view.problems.filter(isNote).map((problem) => ({ lines: problemLines(problem, style) })),
    ),
    part(
      'DECISIONS',
      6,
      snapshot.decisions.map((decision) => ({ lines: decisionLines(decision, style, 'short') })),
    ),
    part(
      'IN FLIGHT',
      7,
      view.inFlight.map((remediation) => one(inFlightLine(remediation, style))),
    ),
    part(
      'PROCEDURES',
      7,
      runs.map((text) => ({ lines: text.split('\n') })),
    ),
    part(
      'TAKEN OUT',
      9,
      (ledger.evacuations ?? []).map((evacuation) => one(takenOutLine(evacuation, ledger, style))),
    ),
    part('LIES ASIDE', 9, asideLines(snapshot, style).map(one)),
    part(
      'WAITING FOR AN APPROVAL',
      3,
      view.approvals.map((approval) => ({ lines: approvalLines(approval, style) })),
    ),
    part(
      'PAUSED',
      8,
      view.switches.map((paused) => one(switchLine(paused, style))),
    ),
  ];
}

const DEMO_LINE = 'demo: a simulated cluster; nothing here is real';

function headLines(view: Overview, snapshot: ClusterSnapshot, style: Style): string[] {
  const since = view.sinceMs === null ? '' : ` for ${spanText(style.nowMs - view.sinceMs)}`;
  const ageMs = style.nowMs - view.atMs;
  const stale =
    ageMs > view.staleAfterMs ? byLevel(style, 'critical', ` STALE: the last pass ended ${spanText(ageMs)} ago`) : '';
  return [
    ...(view.demo === true ? [byLevel(style, 'warning', DEMO_LINE)] : []),
    `${bold(style, clean(view.scope))}  ${byLevel(style, view.level, bold(style, stateText(view)))}${since}${brakeText(view, style)}${stale}`,
    `${bold(style, view.brakes.length === 0 ? MODE_TEXT[view.mode] : 'enforce, held back')} ${dim(style, `| ${tenureText(view)} | pass ${snapshot.tick}${snapshot.passMs === null ? '' : `, ${Math.round(snapshot.passMs.last)} ms`}`)}`,
    ...(snapshot.view !== null && isUnreached(snapshot.view) ? NO_ANSWER : [clean(view.sentence)]),
  ];
}

/** The state in capitals; what follows it, as written. */
function stateText({ headline }: Overview): string {
  const [state = '', ...rest] = clean(headline).split(': ');
  return [state.toUpperCase(), ...rest].join(': ');
}

/** What holds an enforcing instance back belongs to the first line: "enforce" alone reads as "it acts". */
const brakeText = (view: Overview, style: Style): string =>
  view.brakes.length === 0 ? '' : `, ${byLevel(style, 'warning', `enforce, but ${clean(view.brakes.join('; '))}`)}`;

function tenureText({ tenure }: Overview): string {
  if (tenure.state === 'held') return `tenure held, epoch ${tenure.epoch ?? 'unknown'}`;
  if (tenure.state === 'other') return `tenure is with ${clean(tenure.owner ?? 'another instance')}: watching only`;
  return tenure.state === 'not-needed' ? 'single instance' : 'tenure unknown: sends nothing';
}

const HEAD = ['MEMBER', 'ROLE', 'STATE', 'FOR', 'TL', 'LAG', 'POOL', 'SESSIONS', 'SEEN'];

/** The first to go where a terminal is narrow. When each was seen is no loss: what is not seen says so in its state. */
const SPARED = ['SEEN', 'SESSIONS', 'TL', 'FOR', 'LAG'];

/** Every row on one line: a table that is folded is none. */
function memberTable(view: Overview, style: Style): readonly string[] {
  const rows = view.members.map((member) => memberRow(member, view, style));
  for (let gone = 0; ; gone += 1) {
    const left = HEAD.flatMap((title, index) => (SPARED.slice(0, gone).includes(title) ? [] : [index]));
    const of = (cells: readonly string[]): string[] => left.map((index) => cells[index] ?? '');
    const lines = table(style, of(HEAD), rows.map(of)).split('\n');
    if (gone === SPARED.length || lines.every((line) => widthOf(line) <= style.columns)) return lines;
  }
}

/** So many of those with which nothing is wrong stand whatever else there is: a cluster is hardly ever larger. */
const FEW = 3;

/** Its heading goes with the first row, which is that of a member with which something is wrong, or of the leader. */
function memberItems({ members, ...view }: Overview, style: Style): readonly Item[] {
  const [head = '', first, ...rows] = memberTable({ ...view, members }, style);
  const others = members.slice(1);
  return [
    kept(first === undefined ? head : `${head}\n${first}`),
    ...rows.map((row, index) => (others[index]?.state === 'healthy' && index >= FEW ? quiet(row) : kept(row))),
  ];
}

function memberRow(member: MemberOverview, view: Overview, style: Style): string[] {
  const leads = member.holdsLeaderKey === true;
  const rotation = leads ? member.writes : member.reads;
  return [
    bold(style, clean(member.name)),
    leads ? 'leader' : clean(member.role),
    member.state,
    member.sinceMs === null ? '' : spanText(style.nowMs - member.sinceMs),
    member.timeline === null ? '?' : String(member.timeline),
    leads ? '-' : lagText(member, view, style),
    rotation === 'in' && member.drain === null ? member.poolText : byLevel(style, 'warning', member.poolText),
    member.sessions === null || leads ? '' : String(member.sessions),
    member.atMs === null ? byLevel(style, 'unknown', 'API unknown') : `${spanText(style.nowMs - member.atMs)} ago`,
  ];
}

function lagText(member: MemberOverview, { lag }: Overview, style: Style): string {
  const { lagAgeMs, lagAgeBy } = member;
  const age = lagAgeMs === null || lagAgeBy !== 'heartbeat' ? [] : [`${spanText(lagAgeMs)} by heartbeat`];
  if (member.lagBytes === null) return age[0] ?? byLevel(style, 'unknown', 'unknown');
  const level: Level =
    member.lagBytes >= lag.criticalBytes ? 'critical' : member.lagBytes >= lag.warningBytes ? 'warning' : 'ok';
  return byLevel(style, level, [bytesText(member.lagBytes), ...age].join(', '));
}

/** What a line of 80 leaves beside its heading. */
const PART_COLUMNS = 70;

function footLines(view: Overview): string[] {
  const healthy = view.endpoints.filter((endpoint) => endpoint.healthy === true).length;
  const lease = view.leaseTtlMs === null ? '' : `, lease ${Math.round(view.leaseTtlMs / 1000)} s`;
  const key =
    view.leader === null ? clean(view.leaderNote ?? 'unknown') : `leader key held by ${clean(view.leader)}${lease}`;
  const budget = `${view.budget.left} of ${view.budget.perHour} actions left this hour`;
  const breaker =
    view.breaker === null ? '' : `; breaker open: ${clean(view.breaker.reason)} (ekimi resume --subject breaker)`;
  const unknown = view.sources.filter((source) => source.kind === 'unknown');
  return [
    `etcd      ${healthy} of ${view.endpoints.length} healthy; ${key}`,
    ...proxyLines(view),
    ...view.poolers.map((pooler) => footLine('pooler', pooler)),
    `budget    ${budget}${breaker}`,
    ...unknown.map(
      (source) =>
        `unknown   ${source.source}${source.subject === null ? '' : ` of ${clean(source.subject)}`}: ${clean(source.reason ?? '')}`,
    ),
  ];
}

/** One line for each of several proxies: where it sends writes, and how many take reads in each pool. One that is silent is among the unknown. */
function proxyLines({ pools }: Overview): string[] {
  const names = [...new Set(pools.flatMap(({ proxy }) => (proxy === undefined ? [] : [proxy])))];
  return names.map((name) => {
    const told = pools
      .filter(({ proxy }) => proxy === name)
      .map(({ use, backend, servers }) => {
        const open = servers.filter(({ rotation }) => rotation === 'in');
        if (use === 'reads') return `${backend} ${open.length} of ${servers.length}`;
        return `writes to ${open.map((server) => server.member ?? server.name).join(', ') || 'nobody'}`;
      });
    return footLine('proxy', { name, text: told.join('; ') });
  });
}

function footLine(what: string, { name, text }: { readonly name: string; readonly text: string }): string {
  const line = clean(`${name}: ${text}`);
  return `${what.padEnd(10)}${line.length > PART_COLUMNS ? `${line.slice(0, PART_COLUMNS - 1)}…` : line}`;
}

export function problemLines(problem: Problem, style: Style): string[] {
  const level = problem.phase === 'active' ? problem.level : problem.phase === 'suspect' ? 'unknown' : 'info';
  const phase =
    problem.phase === 'suspect'
      ? `suspect, counts at ${clockText(problem.actionableAtMs)} if it persists`
      : problem.phase === 'recovering'
        ? 'recovering'
        : `active for ${spanText(style.nowMs - problem.firstSeenMs)}`;
  return [
    `${byLevel(style, level, problem.code)} ${bold(style, clean(problem.subject))}  ${problem.level}, ${phase}`,
    ...problem.evidence.map((one) => `  ${dim(style, one.channel.padEnd(6))}${clean(one.text)}`),
    ...(problem.phase === 'active' ? commandsFor(problem).map((command) => dim(style, `  ${clean(command)}`)) : []),
  ];
}

const inFlightLine = (one: Overview['inFlight'][number], style: Style): string =>
  `${one.shadow ? 'dry-run: ' : ''}${bold(style, one.plan.action)} ${clean(one.plan.target)} ${one.phase}, step ${Math.min(one.stepIndex + 1, one.steps)} of ${one.steps}, deadline ${untilText(style, one.deadlineMs)}${one.detail === '' ? '' : `: ${clean(one.detail)}`}`;

const approvalLines = (one: Overview['approvals'][number], style: Style): string[] => [
  `${bold(style, `${one.plan.action} ${clean(one.plan.target)}`)}: ekimi approve ${clean(one.id)} --reason "..."; expires ${untilText(style, one.expiresAtMs)}`,
  ...(one.loss == null ? [] : [`  loses ${bold(style, lossText(one.loss))}`]),
  `  destroys: ${clean(one.consequence.destroys)}`,
  `  remains: ${clean(one.consequence.remains)}`,
  `  takes: ${clean(one.consequence.takes)}`,
  ...one.steps.map((step, index) => `  ${index + 1}. ${clean(step)}`),
  `  ${clean(approvalWhy(one))}`,
];

/** What its run has under way, or has removed, is not given back: that would take it from the run. */
function takenOutLine(evacuation: Evacuation, { procedures }: Ledger, style: Style): string {
  const { member, by, reason, sinceMs, run, removed } = evacuation;
  const open = procedures?.find((row) => row.id === run && !isOver(row));
  const back = `ekimi run-procedure ${removed === true ? 'add-replica' : 'give-back'} ${member}`;
  const way = open === undefined ? back : `${open.name} has it: ekimi procedures`;
  return `${bold(style, clean(member))} by ${clean(by)} for ${spanText(style.nowMs - sinceMs)}: ${clean(reason)} ${dim(style, `(${clean(way)})`)}`;
}

const switchLine = (one: Overview['switches'][number], style: Style): string =>
  `${bold(style, clean(one.subject))} by ${clean(one.owner)}: ${clean(one.reason)} ${dim(style, one.expiresAtMs === null ? '(until resumed)' : `(ends ${untilText(style, one.expiresAtMs)})`)}`;
