import { SHORT, suite } from './support/suite.js';

suite('4.1', SHORT, { isWhole: false });
