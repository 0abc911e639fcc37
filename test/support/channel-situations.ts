import { memberName } from '../../src/model/names.js';
import { fresh, unknown, type ReadingFault } from '../../src/model/reading.js';
import {
  all,
  api,
  host,
  isPrimary,
  keys,
  member,
  noProxy,
  notStreaming,
  NOW_MS,
  silent,
  sql,
  startFailed,
  stopped,
  type Change,
} from './view.js';

const everyone = ['patroni1', 'patroni2', 'patroni3'];
const noTags = (name: string, fault: ReadingFault): Change =>
  member(name, () => ({ fileTag: unknown(fault, `patroni.yml of ${name}: ${fault}`, NOW_MS, 'tags') }));
const tagsRead = all(...everyone.map((name) => member(name, () => ({ fileTag: fresh(false, NOW_MS, 'tags') }))));

const keyOf = (name: string, role: string, state: string): Change =>
  keys({ members: [{ name: memberName(name), role, state, timeline: 7, xlogLocation: null, apiUrl: null }] });

/** What members said of our password, ten minutes ago at most; null: asked, and not answered. */
export const login =
  (refused: Readonly<Record<string, boolean | null>>): Change =>
  (view) => ({
    ...view,
    writeAccess: {
      kind: 'stale',
      ageMs: 500_000,
      atMs: NOW_MS - 500_000,
      source: 'patroni.auth',
      value: Object.fromEntries(
        Object.entries(refused).map(([name, isRefused]) => [
          name,
          { askedAtMs: NOW_MS - 500_000, isRefused, why: isRefused === true ? `PATCH ${name}: status 401` : '' },
        ]),
      ),
    },
  });

/** Trouble with our own means. */
export const CHANNEL_SITUATIONS = {
  'channels-contradict': {
    subject: 'patroni3',
    seen: [
      {
        name: '[O12] its host driver says stopped and its API answers',
        view: [host('patroni3', { state: 'stopped' })],
      },
      {
        name: '[O12] its host driver says stopped and its PostgreSQL answers',
        view: [host('patroni3', { state: 'stopped' }), silent('patroni3', 'api', 'refused')],
      },
      { name: '[O12] its host driver says paused and it answers', view: [host('patroni3', { state: 'paused' })] },
      {
        name: '[O12] its API says replica, its SQL that it is not in recovery',
        view: [sql('patroni3', { inRecovery: false })],
      },
      { name: '[O12] its API says primary, its SQL that it is in recovery', view: [isPrimary('patroni3', ['api'])] },
      {
        name: '[O12] its key says running, its API start failed',
        view: [keyOf('patroni3', 'replica', 'running'), startFailed('patroni3')],
      },
      {
        name: '[O12] its key says start failed, its API running',
        view: [keyOf('patroni3', 'replica', 'start failed')],
      },
      { name: '[O12] its key says primary, its API replica', view: [keyOf('patroni3', 'master', 'running')] },
      { name: '[O12] the leader sends it WAL, and it has no receiver', view: [sql('patroni3', { walReceiver: null })] },
      {
        name: '[O12] it receives, and nobody sends',
        view: [sql('patroni1', { replicas: [] }), api('patroni3', { replicationState: null })],
      },
    ],
    friends: [
      { name: 'its key says what its API says', view: [keyOf('patroni3', 'replica', 'running')] },
      {
        name: 'both say that it does not run',
        view: [keyOf('patroni3', 'replica', 'start failed'), startFailed('patroni3')],
      },
      {
        name: 'its key says running, and it is silent',
        view: [keyOf('patroni3', 'replica', 'running'), silent('patroni3', 'api')],
      },
      { name: 'neither sends nor receives', view: [notStreaming('patroni3')] },
      { name: 'who sends it WAL does not answer', view: [silent('patroni1', 'sql'), silent('patroni1', 'api')] },
      { name: 'it is stopped and silent', view: [stopped('patroni3')] },
      { name: 'both say primary', view: [isPrimary('patroni3')] },
      {
        name: 'its API is silent and its SQL says primary',
        view: [silent('patroni3', 'api'), sql('patroni3', { inRecovery: false })],
      },
      {
        name: 'its Patroni says so from memory, its PostgreSQL is starting',
        view: [api('patroni3', { state: 'starting', xlog: null }), host('patroni3', { state: 'running' })],
      },
      { name: 'the host driver does not answer', view: [silent('patroni3', 'host')] },
    ],
  },
  'channel-silent': {
    subject: 'patroni2 postgres',
    seen: [
      { name: '[N4] its PostgreSQL refuses our password', view: [silent('patroni2', 'sql', 'denied')] },
      { name: '[N4] its PostgreSQL gives no answer and its Patroni says running', view: [silent('patroni2', 'sql')] },
      {
        name: '[N4] two refuse us, each by itself',
        view: [silent('patroni2', 'sql', 'denied'), silent('patroni3', 'sql', 'timeout')],
      },
    ],
    friends: [
      {
        name: 'the whole member is silent',
        view: [silent('patroni2', 'sql'), silent('patroni2', 'api'), silent('patroni2', 'host')],
      },
      {
        name: 'its PostgreSQL does not run by its own Patroni',
        view: [silent('patroni2', 'sql', 'refused'), api('patroni2', { state: 'stopped' })],
      },
      { name: 'SQL is not configured', view: [...everyone.map((name) => silent(name, 'sql', 'not-configured'))] },
      { name: 'its answer is late in this pass', view: [silent('patroni2', 'sql', 'not-read-yet')] },
      { name: 'tags are read', view: [tagsRead] },
      {
        name: 'its Patroni takes our password, and another one has not said',
        view: [login({ patroni2: false, patroni3: null })],
      },
      {
        name: 'the Patroni that refused us is silent',
        view: [
          login({ patroni2: true }),
          silent('patroni2', 'api'),
          silent('patroni2', 'sql'),
          silent('patroni2', 'host'),
        ],
      },
    ],
  },
} as const;

/** All at once, for one cause: the subject is the part, not a member. */
export const ONE_CAUSE: readonly {
  readonly name: string;
  readonly subject: string;
  readonly view: readonly Change[];
}[] = [
  {
    name: 'the monitoring password was rotated',
    subject: 'postgres',
    view: everyone.map((name) => silent(name, 'sql', 'denied')),
  },
  { name: 'the host driver is gone', subject: 'hosts', view: everyone.map((name) => silent(name, 'host', 'refused')) },
  { name: 'no file of tags can be read', subject: 'tags', view: everyone.map((name) => noTags(name, 'denied')) },
  {
    name: 'the password of the REST API was rotated',
    subject: 'patroni.auth',
    view: [login({ patroni1: true, patroni2: true, patroni3: true })],
  },
  { name: 'HAProxy refuses us', subject: 'proxy', view: [noProxy] },
];
