import { suite } from '../e2e/support/suite.js';
import { packaged } from '../e2e/scenarios/packaged.js';
import { sidecars } from '../e2e/scenarios/sidecars.js';

suite('3.0', [sidecars]);
suite('3.0', [packaged], { of: 'the image' });
