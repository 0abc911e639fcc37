import { setup } from 'xstate';

/**
 * The summaries that an operator reads. They are level-triggered: each pass says which fact is true (`IS_...`), and the state is where that
 * fact leads from the present one. What is impossible or must not be skipped is simply no transition.
 */
const MEMBER_FACTS = {
  IS_LEADER: '.leader',
  IS_HEALTHY: '.healthy',
  IS_LAGGING: '.lagging',
  IS_BLOCKED: '.blocked',
  IS_NOT_STREAMING: '.not-streaming',
  IS_START_FAILED: '.start-failed',
  IS_REBUILDING: '.rebuilding',
  IS_STARTING: '.starting',
  IS_DIVERGED: '.diverged',
  IS_DOWN: '.down',
  IS_ROGUE: '.rogue',
} as const;

export type MemberFact = keyof typeof MEMBER_FACTS | 'IS_UNKNOWN';

/**
 * A member as the operator thinks of it, and no more than a label: every fact leads from every state. Unknown is one of them: losing sight of
 * a member is not the member failing.
 */
export const memberMachine = setup({ types: { events: {} as { readonly type: MemberFact } } }).createMachine({
  id: 'member',
  initial: 'unknown',
  on: { ...MEMBER_FACTS, IS_UNKNOWN: '.unknown' },
  states: {
    unknown: {},
    leader: {},
    healthy: { tags: 'serving' },
    lagging: { tags: 'serving' },
    blocked: { tags: 'serving' },
    'not-streaming': { tags: 'broken' },
    'start-failed': { tags: 'broken' },
    rebuilding: { tags: 'busy' },
    starting: { tags: 'busy' },
    diverged: { tags: 'broken' },
    down: { tags: 'broken' },
    rogue: { tags: 'broken' },
  },
});

export type ClusterFact =
  | 'IS_UNKNOWN'
  | 'IS_HEALTHY'
  | 'IS_SUSPECT'
  | 'IS_DEGRADED'
  | 'IS_LAGGING'
  | 'IS_LEADERLESS'
  | 'IS_LEADER_DOWN'
  | 'IS_LEADER_FROZEN'
  | 'IS_LEADER_NOT_SERVING'
  | 'IS_SPLIT_SUSPECTED'
  | 'IS_SPLIT'
  | 'IS_PAUSED'
  | 'IS_CHANGING_LEADER'
  | 'IS_DOWN';

const SERVING = {
  IS_HEALTHY: 'healthy',
  IS_SUSPECT: 'suspect',
  IS_DEGRADED: 'degraded',
  IS_LAGGING: 'lagging',
} as const;
const LEADER_TROUBLE = {
  IS_LEADERLESS: 'leaderless',
  IS_LEADER_DOWN: 'leader-down',
  IS_LEADER_FROZEN: 'leader-frozen',
  IS_LEADER_NOT_SERVING: 'leader-not-serving',
  IS_CHANGING_LEADER: 'failing-over',
} as const;
const ALWAYS = {
  IS_UNKNOWN: 'unknown',
  IS_PAUSED: 'paused',
  IS_DOWN: 'down',
  IS_SPLIT_SUSPECTED: 'split-brain-suspected',
} as const;
const ANY = { ...SERVING, ...LEADER_TROUBLE, ...ALWAYS } as const;

/** The cluster. A split brain is only ever entered through its suspicion: one pass can suspect, never confirm. */
export const clusterMachine = setup({ types: { events: {} as { readonly type: ClusterFact } } }).createMachine({
  id: 'cluster',
  initial: 'unknown',
  states: {
    unknown: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    healthy: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    suspect: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    degraded: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    lagging: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    leaderless: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    'leader-down': { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    'leader-frozen': { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    'leader-not-serving': { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    'failing-over': { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    'split-brain-suspected': { tags: 'page', on: { ...ANY, IS_SPLIT: 'split-brain' } },
    'split-brain': { tags: 'page', on: { ...ANY, IS_SPLIT: 'split-brain' } },
    paused: { on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
    down: { tags: 'page', on: { ...ANY, IS_SPLIT: 'split-brain-suspected' } },
  },
});

export type DcsFact = 'IS_UNKNOWN' | 'IS_HEALTHY' | 'IS_DEGRADED' | 'IS_QUORUM_LOST' | 'IS_ALARM';

export const dcsMachine = setup({ types: { events: {} as { readonly type: DcsFact } } }).createMachine({
  id: 'dcs',
  initial: 'unknown',
  on: {
    IS_UNKNOWN: '.unknown',
    IS_HEALTHY: '.healthy',
    IS_DEGRADED: '.degraded',
    IS_QUORUM_LOST: '.quorum-lost',
    IS_ALARM: '.alarm',
  },
  states: { unknown: {}, healthy: {}, degraded: {}, 'quorum-lost': { tags: 'page' }, alarm: { tags: 'page' } },
});

export type ProxyFact = 'IS_UNKNOWN' | 'IS_NOT_CONFIGURED' | 'IS_HEALTHY' | 'IS_MISMATCH';

export const proxyMachine = setup({ types: { events: {} as { readonly type: ProxyFact } } }).createMachine({
  id: 'proxy',
  initial: 'unknown',
  on: {
    IS_UNKNOWN: '.unknown',
    IS_NOT_CONFIGURED: '.not-configured',
    IS_HEALTHY: '.healthy',
    IS_MISMATCH: '.mismatch',
  },
  states: { unknown: {}, 'not-configured': {}, healthy: {}, mismatch: {} },
});
