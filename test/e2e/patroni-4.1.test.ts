import { suite } from './support/suite.js';

suite('4.1');
