import { expect, it } from 'vitest';
import { hostLock } from '../../../src/adapters/host-lock.js';

it('one has it, and the other one does not; of another name both do', async () => {
  const name = `test ${process.pid}`;
  const [first, second, other] = [hostLock(name), hostLock(name), hostLock(`${name} other`)];
  expect(await first()).toBe(true);
  expect(await second()).toBe(false);
  expect(await first()).toBe(true);
  expect(await other()).toBe(true);
});
