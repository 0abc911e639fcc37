import { BEHIND_POOLER, FIELD, suite, TWO_PROXIES } from '../e2e/support/suite.js';

suite('3.0', FIELD);
suite('3.0', TWO_PROXIES, { proxies: 2 });
suite('3.0', BEHIND_POOLER, { pooler: true });
