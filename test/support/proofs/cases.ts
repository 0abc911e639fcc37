import { ATTACK } from './attack.js';
import { HARM } from './harm.js';
import type { Part } from './part.js';
import { PEERS } from './peers.js';
import { SCREENS } from './screens.js';
import { SIMULATOR } from './simulator.js';
import { TOLD } from './told.js';

/** What carries each case: without it a test of the case must fail. */
export const PROVEN: Readonly<Record<string, readonly Part[]>> = {
  ...HARM,
  ...TOLD,
  ...ATTACK,
  ...PEERS,
  ...SIMULATOR,
  ...SCREENS,
};

/** Situations of the same sources that no case stands for, and scenarios that no part is taken out for. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'the scenarios of `test/e2e` and `test/field`':
    'on the real cluster each takes minutes: `npm test` and `npm run lab:field` run them as they are, beside the tests above of the same case',
  'a leader that is cut off from everything':
    'how long writes stand still is measured on the real cluster: [leader-cut-off](../measurements.md#leader-cut-off)',
  'the machine of the leader hangs':
    'left to Patroni and told, since nobody can tell it from one that only we do not hear: `test/simulation/lies.test.ts`',
  "our own rights in etcd and at HAProxy's socket": 'not done: a doctor that asks for them',
  'sessions stay on the old leader; what a switchover would wait for': 'not done, but for an archive that fails (P11)',
  'a host is evacuated': 'not done: a procedure of its own',
};
