import { z } from 'zod';
import { GATE_NAMES } from '../../model/decision.js';
import { API_ERRORS } from '../errors.js';

/** A moment: milliseconds since 1970. */
export const time = z.int().describe('Milliseconds since 1970');
export const text = z.string();
export const level = z.enum(['ok', 'warning', 'critical', 'unknown']);
const severity = z.enum(['info', 'warning', 'critical']);
export const mode = z.enum(['observe', 'dry-run', 'enforce']);
export const bytes = z.number().nullable().describe('Bytes; null: unknown');
/** What is typed loosely on purpose: a shape of the inside, which may change with any version. */
const inside = z.unknown().describe('A shape of the inside: it may change with any version');
const facts = z.record(text, z.unknown());

export const tenure = z.object({
  state: z.enum(['held', 'other', 'unknown', 'not-needed']),
  owner: text.nullable(),
  epoch: text.nullable(),
});

export const clusterRow = z.object({
  scope: text,
  level,
  state: text.describe('healthy, lagging, leaderless, ...: a newer version may know more'),
  sinceMs: time.nullable().optional(),
  mode: mode.optional(),
  tenure: tenure.optional(),
  leader: text.nullable().optional(),
  problems: z.int().optional().describe('How many are active'),
  atMs: time.optional().describe('When the last pass ended'),
  sentence: text,
  members: z.array(text).optional(),
  demo: z.literal(true).optional(),
});

export const problem = z.object({
  code: text,
  subject: text,
  level: severity,
  phase: z.enum(['suspect', 'active', 'recovering']),
  firstSeenMs: time,
  lastSeenMs: time,
  activeSinceMs: time.nullable(),
  clearSinceMs: time.nullable(),
  actionableAtMs: time,
  samples: z.int(),
  channels: z.array(text),
  evidence: z.array(inside),
  facts,
});

export const plan = z.object({
  action: text,
  target: text,
  because: z.object({
    code: text,
    subject: text,
    by: text.optional(),
    reason: text.optional(),
    run: text.optional(),
    stage: text.optional(),
  }),
  params: facts,
});

const loss = z.object({ text, bytes, seconds: z.number().nullable() });
export const block = z.object({
  gate: z.enum(GATE_NAMES),
  because: text,
  unblock: text,
  retryAtMs: time.nullable(),
});

const planned = { plan, why: text, steps: z.array(text).describe('Each request, complete'), loss: loss.optional() };
const of = { code: text, subject: text, why: text };
const sentence = text.describe('The decision in words');
export const decision = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('act'), sentence, ...planned }),
  z.object({ kind: z.literal('held'), sentence, ...planned, blocks: z.array(block) }),
  z.object({ kind: z.literal('waiting'), sentence, ...of, untilMs: time.nullable() }),
  z.object({ kind: z.literal('page'), sentence, ...of }),
]);
export const heldPlan = z.object({
  kind: z.enum(['act', 'held']),
  sentence,
  ...planned,
  blocks: z.array(block).describe('Empty: it acts'),
});

export const approval = z.object({
  id: text,
  fingerprint: text,
  plan,
  why: text,
  loss: z.object({ bytes, seconds: z.number().nullable() }).nullable().optional(),
  requestedAtMs: time,
  expiresAtMs: time,
  state: z.enum(['waiting', 'approved', 'rejected', 'expired', 'used']),
  by: text.nullable(),
  reason: text.nullable(),
  decidedAtMs: time.nullable(),
  first: z.object({ by: text, reason: text, atMs: time }).optional().describe('The first of two persons'),
  ended: text.optional(),
});

export const remediation = z.object({
  id: text,
  plan,
  phase: z.enum(['planned', 'sending', 'verifying', 'succeeded', 'ineffective', 'failed', 'unknown', 'abandoned']),
  shadow: z.boolean().describe('Rehearsed in dry-run: nothing was sent'),
  epoch: text,
  stepIndex: z.int(),
  steps: z.int(),
  createdAtMs: time,
  sentAtMs: time.nullable(),
  sentAgain: z.literal(true).optional(),
  unanswered: z.literal(true).optional(),
  wishBefore: text.nullable().optional(),
  retryAtMs: time.optional(),
  deadlineMs: time,
  endedAtMs: time.nullable(),
  lastReply: inside,
  detail: text,
  ending: text.optional(),
});
export const progress = z.object({
  id: text,
  phase: text,
  ended: z.boolean(),
  step: z.int(),
  steps: z.int(),
  text,
  leftMs: z.number().nullable(),
});

export const killSwitch = z.object({
  id: text.optional(),
  subject: text.describe('global, cluster, member:NAME or action:NAME'),
  owner: text,
  reason: text,
  sinceMs: time,
  expiresAtMs: time.nullable(),
});

export const incident = z.object({
  id: text,
  name: text,
  text,
  cause: text,
  subject: text,
  level: severity,
  openedAtMs: time,
  endedAtMs: time.nullable().describe('null: open'),
  quietSinceMs: time.nullable(),
  withoutWritesMs: z.number().describe('Milliseconds without writes until now, or until its end'),
  withoutWrites: z.object({
    ms: z.number(),
    unsureMs: z.number(),
    sinceMs: time.nullable(),
    untoldSinceMs: time.nullable(),
  }),
  problems: z.array(
    z.object({
      code: text,
      subject: text,
      level: severity,
      firstSeenMs: time,
      activeSinceMs: time.nullable(),
      endedAtMs: time.nullable(),
    }),
  ),
  remediations: z.array(
    z.object({
      id: text,
      action: text,
      target: text,
      shadow: z.literal(true).optional().describe('Rehearsed, nothing was sent'),
    }),
  ),
  pages: z.array(z.object({ code: text, subject: text, atMs: time })),
  joinedTo: text.optional(),
  by: text,
});

export const run = z.object({
  id: text,
  name: text,
  goal: facts,
  by: text,
  reason: text,
  phase: z.enum(['running', 'held', 'paused', 'aborting', 'aborted', 'succeeded']),
  agreed: z.array(text),
  startedAtMs: time,
  endedAtMs: time.nullable(),
  detail: text,
  continuedAtMs: time,
  waiting: z.object({ key: text, sinceMs: time }).nullable().optional(),
  asking: text.nullable().optional(),
  keptAtMs: time.optional(),
  confirmed: z.array(text).optional(),
  displaced: z.boolean().optional(),
  proposed: z.object({ code: text, subject: text, word: z.enum(['asked', 'accepted', 'gone']) }).optional(),
  stages: z.int(),
  stagesDone: z.int(),
  left: z.array(z.object({ key: text, text })),
  mark: text.describe('Send it back as `seen` with continue: the word is then for this list alone'),
  now: text,
  watch: z.object({ sinceMs: time, untilMs: time, progress: inside }).nullable(),
});

export const breaker = z.object({ openSinceMs: time, reason: text }).nullable();
export const budget = z.object({ perHour: z.int(), used: z.int(), left: z.int() });

/** The whole of what one pass knew. Loosely typed: scripts should ask for the parts of it that have routes of their own. */
export const snapshot = z
  .looseObject({
    scope: text,
    version: text,
    instance: text,
    atMs: time,
    tick: z.int(),
    tenure,
    sentence: text,
    policyHash: text,
  })
  .describe('Loosely typed: its parts are shapes of the inside. Positions are strings such as `lsn:0/5D0001F0`.');

export const line = z.object({ seq: z.int(), atMs: time, scope: text, kind: text, tone: text, text });
export const entry = z.object({
  seq: z.int(),
  atMs: time,
  scope: text,
  prev: text,
  hash: text,
  body: z.looseObject({ kind: text }),
});

const [first, ...others] = API_ERRORS.map(({ code }) => code);
export const apiError = z.object({
  code: z.enum([first ?? 'internal', ...others]).describe('Stable: a client may branch on it'),
  message: text,
  remedy: text,
  requestId: text.optional().describe('As in the header x-request-id and in our log'),
});

/** What a change is answered with. */
export const changed = z.object({ ok: z.literal(true), text: text.describe('What was changed, in words') });

export const dataCheck = z
  .object({
    by: text,
    database: text.nullable().describe('null: all'),
    startedMs: z.number(),
    endedMs: z.number().nullable().describe('null: it goes on'),
    interrupted: z.literal(true).optional().describe('Ekimi was ended or begun anew meanwhile'),
    findings: z.array(z.object({ relation: text, what: z.enum(['table', 'index']), block: text.nullable(), text })),
    found: z.int().describe('Relations that are wrong; the first of them are in findings'),
    gaps: z.array(text).describe('What was not checked, and the remedy'),
    places: z
      .object({ read: z.array(text), gone: z.array(text) })
      .optional()
      .describe('Places that the log of the member named: read by the check, or of no relation any more'),
  })
  .describe('A check of the data of a member by pg_amcheck');
