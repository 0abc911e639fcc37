import { BEHIND_POOLER, FIELD, suite, TWO_PROXIES } from '../e2e/support/suite.js';

suite('4.1', FIELD);
suite('4.1', TWO_PROXIES, { proxies: 2 });
suite('4.1', BEHIND_POOLER, { pooler: true });
