import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composition } from '../../../src/cli/composition.js';
import { exitCode } from '../../../src/cli/cli-error.js';
import { isInFlight } from '../../../src/model/ledger.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { cli, type Ran } from '../../support/fake-cli.js';
import { BLOCKS, PAGES, ROOT, TYPED, type Typed } from './console.js';

/** Of other programs: what they take is theirs. What begins a line with none of these and is not `ekimi` fails the test. */
const OTHERS = new Set(
  `apt-get cat cd chmod chown cp docker echo etcdctl export git haproxy install jq kill kubectl lab/ ls mkdir node npm npx openssl patronictl
   pg_ctl pg_isready promtool psql rm sed sudo systemctl systemd-analyze tar useradd watch`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** A process of its own: `run` is what the lab's tests and the test of the demo do. */
const NOT_HERE = /^ekimi (?:run|demo)$/;

/** They look at files and at the cluster for themselves; nothing listens where those of the test lead, which is an answer, and it is no. */
const ALONE: readonly { readonly of: RegExp; readonly exit: number }[] = [
  { of: /^config check/, exit: 0 },
  { of: /^doctor/, exit: 1 },
  { of: /^plan/, exit: 1 },
];

/** What a page leaves open, and what is true of its example alone. */
const FILLED: readonly (readonly [RegExp, (known: Known) => string])[] = [
  [/ --url https:\/\/control1:8470 --ca \S+/, () => ''],
  [/--at 03:12\b/, () => '--at 1s'],
  [/--at 2026-11-22T03:12Z/, () => '--at 1s'],
  [/--from 03:00 --to 04:00/, () => ''],
  [/--at 20\d\d-\S+/, ({ nowMs }) => `--at ${new Date(nowMs + 3_600_000).toISOString()}`],
  [/until=20\d\d-\S+/, ({ nowMs }) => `until=${new Date(nowMs + 3_600_000).toISOString()}`],
  [/\b(?:candidate|new-policy)\.yaml/, ({ policyFile }) => policyFile],
  [/\btest\/incidents\//, () => `${ROOT}test/incidents/`],
  [/(replay|--journal) DIR\b/, () => `$1 ${ROOT}test/incidents/leader-killed-4.1`],
  [/\b(incident) 7f3a\b/, ({ incident, isFiles }) => `$1 ${isFiles ? 'INCIDENT' : incident}`],
  [/\b4711\b/, () => '1'],
  [/\be89ab443\b/, ({ approval }) => approval],
  [/(procedures [a-z]+) ID\b/, ({ run }) => `$1 ${run}`],
  [/--seen MARK\b/, () => '--seen 0'],
];

/** Of an example whose cluster is another one: no member patroni4, nothing that asks. What comes is the answer to that, not to the example. */
const ANSWERED = new Set([0, exitCode('refused'), exitCode('held'), exitCode('ineffective')]);
const CHANGES = /^(?:run-procedure|check-data|approve|reject|pause|resume|procedures (?:pause|continue|abort))\b/;
/** Its incidents are of a version that knew none; what is not paused, and a time before a journal, are told as absent. */
const ABSENT = /^(?:incident INCIDENT|resume\b|why --journal)/;

interface Known {
  readonly nowMs: number;
  readonly policyFile: string;
  readonly incident: string;
  readonly approval: string;
  readonly run: string;
  readonly isFiles: boolean;
}

const folder = mkdtempSync(join(tmpdir(), 'ekimi-docs-'));
const stop = new AbortController();
const demos: Promise<number>[] = [];
let [asking, acting] = ['', ''];

/** The daemon on the simulated cluster, in trouble. */
function demo(approve: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const run = composition.demo({
      ...{ seed: 1, port: 0, speed: approve ? 15 : 60, scenario: 'tour', mode: null, approve, stop: stop.signal },
      onReady: resolve,
      onSay: () => undefined,
      onEnd: () => undefined,
      onLine: () => undefined,
      onEntry: () => undefined,
    });
    demos.push(run);
    run.catch(reject);
  });
}

/** Two files as a person has them, of a cluster of which nothing answers. */
function ownFiles(): string {
  writeFileSync(join(folder, 'policy.yaml'), 'mode: dry-run\n');
  writeFileSync(
    join(folder, 'ekimi.yaml'),
    [
      'clusters:',
      '  - scope: email-cluster',
      '    patroni: { members: { patroni1: http://127.0.0.1:1, patroni2: http://127.0.0.1:2 } }',
      '    dcs: { hosts: [http://127.0.0.1:3] }',
      'journal: { directory: ./journal }',
      'policy: ./policy.yaml',
      '',
    ].join('\n'),
  );
  return join(folder, 'ekimi.yaml');
}

beforeAll(async () => {
  [asking, acting] = await Promise.all([demo(true), demo(false)]);
  const candidate =
    TYPED.length === 0
      ? ''
      : /cat candidate\.yaml[^\n]*\n([^$]*)\$/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  writeFileSync(join(folder, 'candidate.yaml'), candidate ?? '');
}, 60_000);
afterAll(async () => {
  stop.abort();
  await Promise.all(demos);
  rmSync(folder, { recursive: true });
});

const snapshotOf = async (url: string): Promise<ClusterSnapshot> =>
  (await (await fetch(`${url}/v1/clusters/demo`)).json()) as ClusterSnapshot;

/** What may take some seconds of the tour. */
async function waited<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let left = 600; left > 0; left -= 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error('it did not come');
}

/** What one page pauses holds nothing on the next. */
async function resumed(url: string): Promise<void> {
  const { ledger } = await snapshotOf(url);
  for (const { subject } of ledger.switches)
    await cli(`resume --subject ${subject}`, { backend: composition, env: { EKIMI_URL: url, EKIMI_TOKEN: 'demo' } });
}

/** What the last command began goes to its end first, or for some minutes of the tour. */
async function settled(url: string): Promise<void> {
  for (let left = 40; left > 0; left -= 1) {
    const { ledger } = await snapshotOf(url);
    const isOpen =
      ledger.remediations.some(isInFlight) || (ledger.procedures ?? []).some((run) => run.phase === 'running');
    if (!isOpen) return;
    await sleep(100);
  }
}

async function knownAt(url: string, text: string): Promise<Known> {
  const { atMs, ledger } = await snapshotOf(url);
  const isFiles = text.includes('--journal');
  return {
    nowMs: atMs,
    policyFile: join(folder, 'candidate.yaml'),
    isFiles,
    run: ledger.procedures?.at(-1)?.id ?? 'none',
    incident:
      text.includes('7f3a') && !isFiles
        ? await waited(async () => (await snapshotOf(url)).ledger.incidents?.[0]?.id)
        : '',
    approval: text.includes('e89ab443')
      ? await waited(async () => (await snapshotOf(url)).ledger.approvals.find(({ state }) => state === 'waiting')?.id)
      : (ledger.approvals[0]?.id ?? ''),
  };
}

interface Outcome extends Ran {
  readonly argv: string;
  readonly meant: ReadonlySet<number>;
}

async function outcomeOf({ text }: Typed): Promise<Outcome> {
  const typed = text.replace(/^ekimi ?/, '').replace(/ [|>].*$/, '');
  const alone = ALONE.find(({ of }) => of.test(typed));
  if (alone !== undefined) {
    const configFile = ownFiles();
    const argv = `${typed} --config ${configFile}`;
    return {
      argv,
      meant: new Set([alone.exit]),
      ...(await cli(argv, { backend: composition, files: { [configFile]: '' } })),
    };
  }
  const isChange = CHANGES.test(typed);
  const url = /^(?:approve|reject)/.test(typed) || !isChange ? asking : acting;
  if (isChange && url === acting) await settled(url);
  const known = await knownAt(url, typed);
  const argv = FILLED.reduce((line, [open, fill]) => line.replace(open, fill(known)), typed);
  const meant = new Set([
    ...(isChange ? ANSWERED : [0]),
    ...(ABSENT.test(argv) ? [exitCode('absent')] : []),
    // The policy of the example decides otherwise, which is what it is there to show.
    ...(argv.startsWith('replay') ? [exitCode('failed')] : []),
  ]);
  const ran = await cli(argv, {
    backend: composition,
    env: { EKIMI_URL: url, EKIMI_TOKEN: 'demo' },
    nowMs: known.nowMs,
    sleep: () => sleep(20),
  });
  return { argv, meant, ...ran };
}

/** What asks is there for some minutes of the tour alone: it is answered first. */
const isFirst = ({ text }: Typed): number => Number(/^ekimi (?:approve|reject)/.test(text));
const OURS = TYPED.filter(({ text }) => /^ekimi\b/.test(text) && !NOT_HERE.test(text)).sort(
  (left, right) => isFirst(right) - isFirst(left),
);

describe('what the pages have typed', () => {
  it('is a command of ours, or of another program that is known here', () => {
    const unknown = TYPED.filter(({ text }) => !/^(?:ekimi|curl)\b/.test(text)).filter(
      ({ text }) => ![...OTHERS].some((name) => text.startsWith(name)),
    );
    expect(unknown.map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
    expect(OURS.length).toBeGreaterThan(100);
  });

  it('stands at a prompt, so that it is looked at here', () => {
    const unseen = BLOCKS.filter(({ language }) => ['bash', 'sh'].includes(language)).filter(
      ({ text }) => !/^[$#] /m.test(text),
    );
    expect(unseen.map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
  });

  it('names scripts of npm and files of the lab that are there, in a block or within a line', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...PAGES, 'CONTRIBUTING.md', 'lab/README.md'].flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const runs = [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name = '']) => ({
        name: `npm run ${name}`,
        isThere: Object.hasOwn(scripts, name),
      }));
      const files = [...text.matchAll(/(?:^|[` ])(lab\/[a-z][\w.-]*)/gm)].map(([, name = '']) => ({
        name,
        isThere: existsSync(join(ROOT, name.replace(/\.$/, ''))),
      }));
      return [...runs, ...files].map((one) => ({ page, ...one }));
    });
    expect(named.filter(({ isThere }) => !isThere)).toEqual([]);
    expect(named.length).toBeGreaterThan(60);
  });

  it('runs, each command of ours, and ends with the code that is meant', { timeout: 300_000 }, async () => {
    const wrong: string[] = [];
    let [changes, made] = [0, 0];
    let page = '';
    for (const one of OURS) {
      if (one.page !== page) await resumed(acting);
      ({ page } = one);
      const { argv, exit, err, out, meant } = await outcomeOf(one);
      if (CHANGES.test(argv)) {
        changes += 1;
        if (exit === 0) made += 1;
      }
      const isWrong =
        !meant.has(exit) || /^error: |undefined|\[object /m.test(err) || (exit === 0 && out === '' && err === '');
      if (isWrong) wrong.push(`${one.page}: ekimi ${argv}: ${exit} ${err.trim() || out.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    // The others are held by what the tour has under way, or are of a member that it does not have. How many are done is a matter of where the tour is by
    // then, and so of the machine: 28 where nothing else runs, fewer than 16 among all other tests.
    expect([changes > 50, made > 0]).toEqual([true, true]);
  });

  it('asks the API by routes that it has', async () => {
    const asked = TYPED.filter(
      ({ text }) => /^curl\b/.test(text) && /:847\d|\/v1\/|\/metrics|\/(?:healthz|readyz)\b/.test(text),
    );
    for (const { page, text } of asked) {
      const [, path = '/'] = /https?:\/\/[^/\s'"]+(\/[^\s'"]*)?/.exec(text) ?? [];
      const status = (await fetch(`${asking}${path.replace(/\b(?:SCOPE|email-cluster)\b/, 'demo')}`)).status;
      expect([page, text, status < 400]).toEqual([page, text, true]);
    }
  });
});
