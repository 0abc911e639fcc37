import { z } from 'zod';
import type { AsideDirectory } from '../../../model/aside.js';
import type { ControlData } from '../../../model/control.js';
import type { DiskStatus } from '../../../model/disk.js';
import type { HostStatus, HostTarget, HostVerb } from '../../../model/host.js';
import type { Reply } from '../../../model/plan.js';
import type { ReadingFault } from '../../../model/reading.js';
import type { StoreData } from '../../../model/store-data.js';
import type { SurplusWal, WalSpan } from '../../../model/surplus.js';

/** What one instance asks of another, and what that answers: JSON, one POST each, below `PATHS`. */

export const PATHS = { ask: '/v1/ask', act: '/v1/act', events: '/v1/events' } as const;

/** Longest request that is read; a genuine one has some 600 bytes. */
export const MAX_REQUEST_BYTES = 4_096;
/** Longest answer that is taken in: as many lines of a log as are ever asked for. */
export const MAX_ANSWER_BYTES = 1024 * 1024;
/** Most lines of a log that are handed over at once. */
export const MOST_LINES = 1_000;
/** Most directories that are told to lie aside of one. */
const MOST_ASIDE = 1_000;
/** Longest path of a directory, as Linux has it. */
const MOST_PATH = 4_096;

const word = z.string().min(1).max(300);
const moment = z.number().int().nonnegative();
const target = z.object({ kind: z.enum(['member', 'store', 'proxy']), name: word }) satisfies z.ZodType<HostTarget>;

/** Which cluster the one who asks means: of two with one name in two namespaces, or in two etcds, each has its own. */
const cluster = { scope: word, namespace: word, system: word.nullable() };

const span = z.object({ timeline: z.number().int().positive(), from: word }) satisfies z.ZodType<WalSpan>;

const question = z.discriminatedUnion('what', [
  z.object({ what: z.literal('who'), ...cluster }),
  z.object({ what: z.literal('status'), target, ...cluster }),
  z.object({ what: z.literal('disk'), target, ...cluster }),
  z.object({ what: z.literal('surplus'), target, span, ...cluster }),
  z.object({ what: z.literal('controldata'), target, ...cluster }),
  z.object({ what: z.literal('storeData'), target, ...cluster }),
  z.object({ what: z.literal('listAside'), target, ...cluster }),
  z.object({
    what: z.literal('logs'),
    target,
    count: z.number().int().positive().max(MOST_LINES),
    forMs: z.number().positive().nullable(),
    ...cluster,
  }),
]);
export type Question = z.infer<typeof question>;

const envelope = {
  ...cluster,
  /** Of this one request: what comes a second time under it is not done a second time. */
  id: word,
  /** The tenure under which it is sent; null: there is none. */
  tenure: z.object({ epoch: word, owner: word }).nullable(),
  /** By the clock of the one who asks, milliseconds since 1970. */
  sentAtMs: moment,
  /** By the same clock: it is not to be begun any later. */
  deadlineMs: moment,
};
const order = z.discriminatedUnion('verb', [
  z.object({
    ...envelope,
    verb: z.enum(['start', 'stop', 'restart', 'kill']) satisfies z.ZodType<HostVerb>,
    target,
    run: word.nullable(),
    graceMs: z.number().nonnegative().nullable(),
  }),
  /** Of the data directory. `run`: the one that was looked at, and is stopped. */
  z.object({ ...envelope, verb: z.literal('move'), target, run: word, suffix: word }),
  z.object({ ...envelope, verb: z.literal('remove'), target, directory: word }),
]);
export type Order = z.infer<typeof order>;

type Bare<T> = T extends unknown ? Omit<T, keyof typeof envelope> : never;
/** What is to be done, without who asks for it and until when. */
export type Work = Bare<Order>;

const eventsAsked = z.object(cluster);
export type ClusterNamed = z.infer<typeof eventsAsked>;

/** Who answers; every answer begins with it. */
const from = z.object({ ...cluster, instance: word, nowMs: moment });
export type From = z.infer<typeof from>;

const FAULTS = [
  'not-configured',
  'timeout',
  'refused',
  'unresolved',
  'closed',
  'unreachable',
  'denied',
  'http-status',
  'bad-reply',
  'wrong-scope',
] as const satisfies readonly ReadingFault[];

const nullableMoment = z.number().nullable();
const status = z.object({
  state: z.enum(['running', 'stopped', 'paused', 'restarting', 'absent']),
  id: z.string().max(300),
  isOfNoRun: z.literal(true).exactOptional(),
  startedAtMs: nullableMoment,
  finishedAtMs: nullableMoment,
  exitCode: nullableMoment,
  oomKilled: z.boolean(),
  restartCount: z.number(),
}) satisfies z.ZodType<HostStatus>;
const volume = z.object({ totalBytes: z.number(), freeBytes: z.number(), freeInodes: z.number().nullable() });
const disk = z.object({ data: volume, wal: volume.nullable() }) satisfies z.ZodType<DiskStatus>;

const surplus = span.extend({
  to: z.string().nullable(),
  records: z.number(),
  commits: z.number(),
  firstMs: nullableMoment,
  lastMs: nullableMoment,
  relations: z.array(z.object({ relation: z.string(), records: z.number() })),
  systemIdentifier: z.string().nullable(),
  doubts: z.array(z.string()),
}) satisfies z.ZodType<SurplusWal>;

const control = z.object({
  systemIdentifier: word,
  state: word,
  wasPrimary: z.boolean(),
  isClean: z.boolean(),
  timeline: z.number().int().positive(),
  lsn: word,
}) satisfies z.ZodType<ControlData>;
const storeData = z.object({
  holds: z.enum(['member', 'nothing']),
  whyNotAside: z.string().nullable().exactOptional(),
}) satisfies z.ZodType<StoreData>;
const asides = z
  .array(z.object({ name: word, path: z.string().max(MOST_PATH), bytes: z.number().nullable() }))
  .max(MOST_ASIDE) satisfies z.ZodType<AsideDirectory[]>;

/** What a peer tells of itself. */
const who = z.object({
  driver: word,
  members: z.array(word),
  stores: z.array(word),
  proxies: z.array(word),
  /** Whether it could read in etcd who holds tenure; else why not: it then does nothing for anybody. */
  tenure: z.string().max(1_000).nullable(),
});

const notRead = z.object({ kind: z.literal('unknown'), fault: z.enum(FAULTS).catch('bad-reply'), reason: z.string() });
const readingOf = <T extends z.ZodType>(value: T) =>
  z.object({
    from,
    target,
    reading: z.discriminatedUnion('kind', [z.object({ kind: z.literal('known'), value }), notRead]),
  });

const reply = z.object({
  effect: z.enum(['done', 'none', 'maybe']),
  status: z.number().nullable(),
  text: z.string().max(1_000),
  tookMs: z.number(),
  /** Of a directory that was to be moved aside: where it is, and what it takes. */
  to: z.string().max(MOST_PATH).nullable().exactOptional(),
  bytes: z.number().nullable().exactOptional(),
}) satisfies z.ZodType<Reply>;
export type Worked = z.infer<typeof reply>;

/** Why nothing was done, in words that both ends know. */
export const REFUSALS = [
  'unauthorised',
  'not-understood',
  'busy',
  'other-cluster',
  'not-mine',
  'clock',
  'late',
  'before-start',
  'no-tenure',
  'old-epoch',
  'etcd-silent',
] as const;
export type Refusal = (typeof REFUSALS)[number];

const refused = z.object({ refused: z.enum(REFUSALS), because: z.string().max(1_000) });
export type Refused = z.infer<typeof refused>;

export const WIRE = {
  question: z.compile(question),
  order: z.compile(order),
  events: z.compile(eventsAsked),
  who: z.compile(z.object({ from, who })),
  status: z.compile(readingOf(status)),
  disk: z.compile(readingOf(disk)),
  surplus: z.compile(readingOf(surplus)),
  controldata: z.compile(readingOf(control)),
  storeData: z.compile(readingOf(storeData)),
  listAside: z.compile(readingOf(asides)),
  logs: z.compile(readingOf(z.array(z.string()).max(MOST_LINES))),
  done: z.compile(z.object({ from, id: word, target, reply })),
  refused: z.compile(refused),
};

/** The document in a body; null: it is none of this shape. */
export function parsed<T>(shape: { safeParse(value: unknown): { data?: T } }, body: Buffer): T | null {
  try {
    return shape.safeParse(JSON.parse(body.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
