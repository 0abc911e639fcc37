import { expect, it } from 'vitest';
import { says, seen } from '../../../src/assess/finding.js';

it('what we conclude ourselves is told as evidence, and is no channel beside those that it is concluded from', () => {
  const evidence = [
    says('api', 'silent', 1),
    says('self', 'so nobody writes', 1),
    says('sql', 'silent', 1),
    says('api', 'still', 1),
  ];
  const finding = seen('leader-hung', 'patroni1', evidence);
  expect(finding.channels).toEqual(['api', 'sql']);
  expect(finding.evidence).toEqual(evidence);
});
