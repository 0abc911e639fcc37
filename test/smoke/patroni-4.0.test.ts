import { SMOKE, suite } from '../e2e/support/suite.js';

suite('4.0', SMOKE);
