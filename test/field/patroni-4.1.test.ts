import { FIELD, suite } from '../e2e/support/suite.js';

suite('4.1', FIELD);
