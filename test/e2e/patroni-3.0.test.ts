import { suite } from './support/suite.js';

suite('3.0');
