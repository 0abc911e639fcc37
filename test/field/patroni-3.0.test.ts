import { FIELD, suite } from '../e2e/support/suite.js';

suite('3.0', FIELD);
