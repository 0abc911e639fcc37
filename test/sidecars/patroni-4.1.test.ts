import { suite } from '../e2e/support/suite.js';
import { sidecars } from '../e2e/scenarios/sidecars.js';

suite('4.1', [sidecars]);
