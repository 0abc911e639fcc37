import { SHORT, suite } from './support/suite.js';

suite('3.0', SHORT, { isWhole: false });
