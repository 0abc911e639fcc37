import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A lock of this machine by a name: a socket in Linux's abstract namespace, which one process can have and which the kernel takes back however
 * that process ends. Containers with networks of their own do not share it.
 */
export function hostLock(what: string): () => Promise<boolean> {
  const name = createHash('sha256').update(what).digest('hex').slice(0, 32);
  let held: Promise<boolean> | null = null;
  const take = (): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        socket.destroy();
      });
      server.unref();
      server.once('error', () => {
        held = null;
        resolve(false);
      });
      server.listen(`\0ekimi-recovery-${name}`, () => {
        resolve(true);
      });
    });
  return () => (held ??= take());
}
