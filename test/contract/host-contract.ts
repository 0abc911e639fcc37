import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  HOST_DRIVERS,
  type HostDriverName,
  type HostDriverRow,
  type LocalDriverName,
} from '../../src/model/host-drivers.js';
import { memberHost, type HostStatus, type HostTarget, type HostVerb } from '../../src/model/host.js';
import type { ControlData } from '../../src/model/control.js';
import type { Reading } from '../../src/model/reading.js';
import type { HostPort } from '../../src/ports/host.js';

/** A driver before the thing that it drives, with something that may be stopped and started at will. */
export interface HostRig {
  readonly port: HostPort;
  /** Runs at the beginning; each of its runs writes at least one line, `started ...` the last of them. */
  readonly one: HostTarget;
  /** An etcd member beside it, which runs all the time. */
  readonly store: HostTarget;
  /** Configured, and there is nothing of that name. */
  readonly nobody: HostTarget;
  /** What there answers for another machine than the one that was asked for; absent: the driver asks no machine by name. */
  readonly misplaced?: HostTarget;
  /** The same driver where the other end is broken in one way. */
  readonly broken: {
    /** It never answers; `host` deadlines are short here. */
    readonly hangs: HostPort;
    /** Program or engine are not there. */
    readonly missing: HostPort;
    /** Whatever is asked, it answers with megabytes. */
    readonly endless: HostPort;
  };
  /** Whether there is a data directory at a place of `one`. */
  readonly hasData?: (path: string) => boolean;
  /** Makes or removes the control file of `one`, and tells what it says. */
  readonly control?: (has: boolean) => ControlData;
  /** Makes the data directory of `store`: with data of a member, empty; null: there is none. */
  readonly storeData?: (has: boolean | null) => void;
  /** What it wakes with; absent: with the name of what it is about. */
  readonly wakes?: RegExp;
  /** Whether its data lies under that name in it. */
  readonly hasStoreData?: (name: string) => boolean;
  readonly pause?: () => void;
  readonly resume?: () => void;
  /** Makes `one` write several megabytes. */
  readonly flood?: () => void;
  readonly close: () => Promise<void>;
}

export interface HostRigSpec {
  readonly driver: HostDriverName;
  /** The driver behind it, which it lends: it can do no more than that one. */
  readonly lends?: LocalDriverName;
  /** What it runs against. */
  readonly against: string;
  /** Why there is nothing to run against; null: there is. */
  readonly unless: string | null;
  readonly open: () => Promise<HostRig>;
}

const seenOf = (reading: Reading<HostStatus>): HostStatus | string =>
  reading.kind === 'unknown' ? `${reading.fault}: ${reading.reason}` : reading.value;

/** Another run: what a request that was meant for the first may not touch. */
const runOf = (status: HostStatus | string): string =>
  typeof status === 'string' ? status : `${status.id} ${status.startedAtMs ?? ''}`;

const SILENT = ['timeout', 'refused', 'closed', 'unreachable'];

/** What one driver can do of what another one behind it can. */
function rowOf(driver: HostDriverName, lends?: LocalDriverName): HostDriverRow {
  const [row, behind]: readonly HostDriverRow[] = [HOST_DRIVERS[driver], HOST_DRIVERS[lends ?? driver]];
  if (row === undefined || behind === undefined) throw new Error(`no driver ${driver}`);
  return {
    ...row,
    asksMachine: behind.asksMachine,
    primitives: row.primitives.filter((one) => behind.primitives.includes(one)),
    states: row.states.filter((one) => behind.states.includes(one)),
    asideOf: row.asideOf.filter((one) => behind.asideOf.includes(one)),
  };
}

/** What every driver does, whatever it drives: called once for each rig. What its row in `HOST_DRIVERS` does not have is expected to be missing. */
export function hostContract({ driver, lends, against, unless, open }: HostRigSpec): void {
  const row = rowOf(driver, lends);
  describe.skipIf(unless !== null)(
    `the driver ${driver}, by ${against}${unless === null ? '' : ` (${unless})`}`,
    () => {
      let rig: HostRig;
      beforeAll(async () => {
        rig = await open();
      }, 60_000);
      afterAll(() => rig.close());

      /** A test of what its row has. */
      const itIf = (has: boolean) => (has ? it : () => undefined);
      const status = async (target = rig.one): Promise<HostStatus | string> => seenOf(await rig.port.status(target));
      const send = (verb: HostVerb, id?: string, port = rig.port, target = rig.one) =>
        port.send({ port: 'host', target, verb, ...(id === undefined ? {} : { id }) });
      const until = async (state: HostStatus['state']): Promise<HostStatus> => {
        await expect.poll(() => status(), { timeout: 20_000, interval: 100 }).toMatchObject({ state });
        return (await status()) as HostStatus;
      };
      /** Running, whatever the test before left. */
      const running = async (): Promise<HostStatus> => {
        if (((await status()) as HostStatus).state !== 'running') await send('start');
        return until('running');
      };

      it('tells that a member and an etcd member run, and since when', async () => {
        const one = await until('running');
        expect(one.id).not.toBe('');
        expect(one).toMatchObject({ exitCode: null, oomKilled: false });
        expect(Math.abs((one.startedAtMs ?? 0) - Date.now())).toBeLessThan(300_000);
        expect(await status(rig.store)).toMatchObject({ state: 'running' });
      });

      it('starts what runs without an effect', async () => {
        const before = await running();
        expect(await send('start')).toMatchObject({ effect: 'done' });
        expect(runOf(await status())).toBe(runOf(before));
      });

      it('restarts it: another run', async () => {
        const before = await running();
        expect(await send('restart', before.id)).toMatchObject({ effect: 'done' });
        expect(runOf(await until('running'))).not.toBe(runOf(before));
      });

      it('does nothing to a run that was not meant', async () => {
        const before = await running();
        for (const verb of ['kill', 'stop', 'restart'] as const)
          expect(await send(verb, 'f'.repeat(64))).toMatchObject({ effect: 'none' });
        expect(runOf(await status())).toBe(runOf(before));
      });

      it('kills it, by proof; a second kill changes nothing', async () => {
        const before = await running();
        expect(await send('kill', before.id)).toMatchObject({ effect: 'done' });
        await until('stopped');
        expect(['done', 'none', 'maybe']).toContain((await send('kill')).effect);
        expect(await status()).toMatchObject({ state: 'stopped' });
        expect(await status(rig.store)).toMatchObject({ state: 'running' });
      });

      it('starts what was killed: another run', async () => {
        const before = await running();
        await send('kill', before.id);
        await until('stopped');
        expect(await send('start')).toMatchObject({ effect: 'done' });
        expect(runOf(await until('running'))).not.toBe(runOf(before));
      });

      it('stops it; a second stop changes nothing', async () => {
        const before = await running();
        expect(await send('stop', before.id)).toMatchObject({ effect: 'done' });
        await until('stopped');
        expect(await send('stop')).toMatchObject({ effect: 'done' });
        expect(await status()).toMatchObject({ state: 'stopped' });
      });

      it('never calls stopped what is not there, and does nothing to it', async () => {
        const reading = await rig.port.status(rig.nobody);
        if (row.states.includes('absent')) expect(seenOf(reading)).toMatchObject({ state: 'absent' });
        else expect(reading.kind).toBe('unknown');
        expect((await send('start', undefined, rig.port, rig.nobody)).effect).not.toBe('done');
      });

      it('says of a target that nobody configured that it is not, and does nothing', async () => {
        const stranger = memberHost('patroni9');
        expect(await rig.port.status(stranger)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
        for (const verb of ['start', 'stop', 'restart', 'kill'] as const)
          expect(await send(verb, undefined, rig.port, stranger)).toMatchObject({ effect: 'none' });
        expect((await rig.port.logs?.(stranger, 1))?.kind ?? 'unknown').toBe('unknown');
        expect((await rig.port.disk?.(stranger))?.kind ?? 'unknown').toBe('unknown');
      });

      itIf(row.asksMachine)('does not believe an answer about another machine, and does nothing there', async () => {
        const target = rig.misplaced ?? rig.one;
        expect(await rig.port.status(target)).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
        expect(await send('kill', '7', rig.port, target)).toMatchObject({ effect: 'none' });
      });

      itIf(row.states.includes('paused'))('tells that it stands still', async () => {
        const before = await running();
        rig.pause?.();
        expect(await until('paused')).toMatchObject({ id: before.id });
        rig.resume?.();
        expect(runOf(await until('running'))).toBe(runOf(before));
      });

      const logs = async (count: number) => {
        const log = await rig.port.logs?.(rig.one, count);
        return log?.kind === 'fresh' ? log.value : (log ?? null);
      };

      itIf(row.primitives.includes('logs'))(
        'gives the last lines of its log, and no more than were asked for',
        async () => {
          await running();
          // A log may take a second and no more, which a login on a busy machine does by itself.
          await expect
            .poll(() => logs(1), { timeout: 60_000, interval: 200 })
            .toEqual([expect.stringMatching(/^started/)]);
          rig.flood?.();
          await expect.poll(async () => (await logs(5))?.valueOf(), { timeout: 60_000, interval: 200 }).toHaveLength(5);
        },
        150_000,
      );

      itIf(row.primitives.includes('disk'))('tells the room of a member, and of nobody else', async () => {
        await running();
        const disk = await rig.port.disk?.(rig.one);
        expect(disk).toMatchObject({ kind: 'fresh' });
        if (disk?.kind === 'fresh') expect(disk.value.data.totalBytes).toBeGreaterThan(disk.value.data.freeBytes);
        expect(await rig.port.disk?.(rig.store)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
      });

      itIf(row.primitives.includes('events'))('wakes when it ends', async () => {
        await running();
        const woken: string[] = [];
        const stop = rig.port.onEvent((what) => woken.push(what));
        // The stream takes a moment to stand, and what happens before that wakes nobody.
        const ended = async () => {
          await send('restart');
          return woken.join();
        };
        await expect.poll(ended, { timeout: 20_000 }).toMatch(rig.wakes ?? rig.one.name);
        stop();
      });

      itIf(row.primitives.includes('moveAside'))(
        'moves the directory of a stopped member aside, and says where',
        async () => {
          const move = async (suffix: string, id?: string) =>
            rig.port.moveAside?.(rig.one, { id: id ?? ((await status()) as HostStatus).id, suffix });
          await running();
          expect(await move('ekimi-1')).toMatchObject({ effect: 'none', to: null });
          await send('stop');
          await until('stopped');
          expect(await move('ekimi-1', 'f'.repeat(64))).toMatchObject({ effect: 'none', to: null });
          for (const bad of ['', '../x', 'a b', '-r', '/tmp/x', 'old-1', 'ekimi-../x'])
            expect(await move(bad)).toMatchObject({ effect: 'none', to: null });
          const moved = await move('ekimi-1');
          expect(moved?.text).toMatch(/ekimi-1/);
          expect(moved).toMatchObject({ effect: 'done', to: expect.stringMatching(/\.ekimi-1$/) as string });
          await running();
          expect(rig.hasData?.(moved?.to ?? '')).toBe(true);
          await send('stop');
          await until('stopped');
          // One under that name is there: it is never written over.
          expect(await move('ekimi-1')).toMatchObject({ effect: 'none', to: null });
          expect(await rig.port.moveAside?.(rig.nobody, { id: 'x', suffix: 'ekimi-y' })).toMatchObject({
            effect: 'none',
          });
          expect(await rig.port.moveAside?.(rig.store, { id: 'x', suffix: 'ekimi-y' })).toMatchObject({
            effect: 'none',
          });
        },
        60_000,
      );

      itIf(row.primitives.includes('listAside') && row.primitives.includes('removeAside'))(
        'lists what lies aside, and removes one of it by name, while the member is stopped and while it runs',
        async () => {
          const list = async () => (await rig.port.listAside?.(rig.one))?.valueOf();
          const named = (name: RegExp) => ({
            name: expect.stringMatching(name) as string,
            bytes: expect.any(Number) as number,
          });
          const remove = async (name: string) => rig.port.removeAside?.(rig.one, name);
          const put = async (suffix: string) => {
            await running();
            await send('stop');
            await until('stopped');
            const moved = await rig.port.moveAside?.(rig.one, { id: ((await status()) as HostStatus).id, suffix });
            expect(moved).toMatchObject({ effect: 'done', bytes: expect.any(Number) as number });
            return moved?.to?.split('/').at(-1) ?? '';
          };
          const stopped = await put('ekimi-2');
          expect(await list()).toMatchObject({
            value: expect.arrayContaining(
              [named(/\.ekimi-2$/)].map((one) => expect.objectContaining(one) as object),
            ) as object,
          });
          for (const bad of [stopped.replace('.ekimi-2', ''), `../${stopped}`, '', '/', 'x.ekimi-2'])
            expect(await remove(bad)).toMatchObject({ effect: 'none' });
          expect(await remove(stopped)).toMatchObject({ effect: 'done' });
          const second = await put('ekimi-3');
          await running();
          expect(await list()).toMatchObject({
            kind: 'fresh',
            value: expect.arrayContaining([expect.objectContaining({ name: second })]) as object,
          });
          expect(await remove(second)).toMatchObject({ effect: 'done' });
          expect(JSON.stringify(await list())).not.toMatch(/ekimi-[23]/);
          expect(await rig.port.removeAside?.(rig.store, second)).toMatchObject({ effect: 'none' });
          expect(await rig.port.removeAside?.(rig.nobody, second)).toMatchObject({ effect: 'none' });
        },
        120_000,
      );

      itIf(row.primitives.includes('storeData'))(
        'tells whether an etcd member has data; a directory that is not there tells nothing',
        async () => {
          const told = async () => rig.port.storeData?.(rig.store);
          rig.storeData?.(null);
          expect(await told()).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
          rig.storeData?.(false);
          expect(await told()).toMatchObject({ kind: 'fresh', value: { holds: 'nothing' } });
          rig.storeData?.(true);
          expect(await told()).toMatchObject({ kind: 'fresh', value: { holds: 'member' } });
          rig.storeData?.(null);
          expect(await rig.port.storeData?.(rig.one)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
          const { hangs, missing } = rig.broken;
          for (const port of [hangs, missing])
            expect((await port.storeData?.(rig.store))?.kind ?? 'unknown').toBe('unknown');
        },
        30_000,
      );

      itIf(row.primitives.includes('storeData') && !row.asideOf.includes('store'))(
        'says that the data of an etcd member cannot be moved, and moves none',
        async () => {
          rig.storeData?.(true);
          const host = (await status(rig.store)) as HostStatus;
          expect(await rig.port.storeData?.(rig.store)).toMatchObject({
            kind: 'fresh',
            value: { holds: 'member', whyNotAside: expect.any(String) as string },
          });
          await send('stop', host.id, rig.port, rig.store);
          const stopped = async () => ((await status(rig.store)) as HostStatus).state;
          await expect.poll(stopped, { timeout: 30_000, interval: 200 }).toBe('stopped');
          const { id } = (await status(rig.store)) as HostStatus;
          expect(await rig.port.moveAside?.(rig.store, { id, suffix: 'ekimi-1' })).toMatchObject({
            effect: 'none',
            to: null,
          });
          expect(await rig.port.listAside?.(rig.store)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
          expect(await rig.port.storeData?.(rig.store)).toMatchObject({ value: { holds: 'member' } });
          await send('start', undefined, rig.port, rig.store);
          await expect.poll(stopped, { timeout: 30_000, interval: 200 }).toBe('running');
          rig.storeData?.(null);
        },
        90_000,
      );

      itIf(row.primitives.includes('controldata'))(
        'tells what the control file of a member says, while it runs and while it is stopped, and of nobody else',
        async () => {
          const { control } = rig;
          if (control === undefined) throw new Error('its row has controldata, and the rig has no control file');
          const told = async () => rig.port.controldata?.(rig.one);
          await running();
          control(false);
          expect((await told())?.kind).toBe('unknown');
          const expected = control(true);
          expect(await told()).toMatchObject({ kind: 'fresh', value: expected });
          await send('stop');
          await until('stopped');
          expect(await told()).toMatchObject({ kind: 'fresh', value: expected });
          expect(await rig.port.controldata?.(rig.store)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
          expect((await rig.port.controldata?.(rig.nobody))?.kind).toBe('unknown');
          const { hangs, missing, endless } = rig.broken;
          for (const port of [hangs, missing, endless])
            expect((await port.controldata?.(rig.one))?.kind ?? 'unknown').toBe('unknown');
        },
        60_000,
      );

      itIf(row.asksMachine && row.primitives.includes('listAside'))(
        'believes nothing about the directories of another machine, and touches none there',
        async () => {
          const target = rig.misplaced ?? rig.one;
          const other = { kind: 'unknown', fault: 'wrong-scope' };
          expect(await rig.port.listAside?.(target)).toMatchObject(other);
          expect(await rig.port.controldata?.(target)).toMatchObject(other);
          expect(await rig.port.moveAside?.(target, { id: '7', suffix: 'ekimi-1' })).toMatchObject({ effect: 'none' });
          expect(await rig.port.removeAside?.(target, 'pg.ekimi-1')).toMatchObject({ effect: 'none' });
        },
      );

      itIf(row.primitives.includes('listAside'))(
        'lists, moves and removes nothing where the other end is missing or answers with megabytes, and keeps none of them',
        async () => {
          for (const port of [rig.broken.missing, rig.broken.endless]) {
            const reading = await port.listAside?.(rig.one);
            expect(reading?.kind ?? 'unknown').toBe('unknown');
            expect(reading?.kind === 'unknown' ? reading.reason.length : 0).toBeLessThan(1_000);
            const id = 'a'.repeat(64);
            expect((await port.moveAside?.(rig.one, { id, suffix: 'ekimi-9' }))?.effect ?? 'none').not.toBe('done');
            expect((await port.removeAside?.(rig.one, 'pg.ekimi-9'))?.effect ?? 'none').not.toBe('done');
          }
        },
        120_000,
      );

      itIf(row.primitives.includes('storeData') && row.asideOf.includes('store'))(
        'renames the data of an etcd member that is stopped, once, and deletes nothing of it',
        async () => {
          const host = async () => (await status(rig.store)) as HostStatus;
          const move = async (id: string) => rig.port.moveAside?.(rig.store, { id, suffix: 'ekimi-1' });
          rig.storeData?.(true);
          const told = await rig.port.storeData?.(rig.store);
          expect(told).toMatchObject({ kind: 'fresh', value: { holds: 'member', whyNotAside: null } });
          const { id } = await host();
          expect(await move(id)).toMatchObject({ effect: 'none', to: null });
          await send('stop', id, rig.port, rig.store);
          await expect.poll(host, { timeout: 30_000, interval: 200 }).toMatchObject({ state: 'stopped' });
          expect(await move('f'.repeat(64))).toMatchObject({ effect: 'none', to: null });
          // Of what is stopped a driver may tell no run: what is meant is what is looked at then.
          const stopped = await host();
          expect(stopped.isOfNoRun === true || stopped.id === id).toBe(true);
          expect(await move(stopped.id)).toMatchObject({
            effect: 'done',
            to: expect.stringMatching(/\/member\.ekimi-1$/) as string,
          });
          expect(await rig.port.storeData?.(rig.store)).toMatchObject({ kind: 'fresh', value: { holds: 'nothing' } });
          expect(await move(stopped.id)).toMatchObject({ effect: 'none', to: null });
          await send('start', stopped.id, rig.port, rig.store);
          await expect.poll(host, { timeout: 30_000, interval: 200 }).toMatchObject({ state: 'running' });
          expect(rig.hasStoreData?.('member.ekimi-1')).toBe(true);
          if (row.primitives.includes('listAside')) {
            const one = { name: 'member.ekimi-1', bytes: expect.any(Number) as number };
            const path = expect.stringMatching(/\/member\.ekimi-1$/) as string;
            expect(await rig.port.listAside?.(rig.store)).toMatchObject({ kind: 'fresh', value: [{ ...one, path }] });
          }
          rig.storeData?.(null);
        },
        120_000,
      );

      it('has nothing beyond its row', async () => {
        if (!HOST_DRIVERS[driver].primitives.some((one) => one === 'storeData'))
          expect('storeData' in rig.port).toBe(false);
        for (const primitive of ['logs', 'disk'] as const) {
          if (row.primitives.includes(primitive)) continue;
          const reading = await rig.port[primitive]?.(rig.one, 1);
          expect(reading === undefined || (reading.kind === 'unknown' && reading.fault === 'not-configured')).toBe(
            true,
          );
        }
        // A driver without events takes the call, and the poll sees what happens.
        rig.port.onEvent(() => undefined)();
      });

      it('that gets no answer in time proves nothing, and what it asked for may have happened', async () => {
        const { hangs } = rig.broken;
        expect(await hangs.status(rig.one)).toMatchObject({ kind: 'unknown', fault: 'timeout' });
        expect(await send('start', undefined, hangs)).toMatchObject({ effect: 'maybe' });
        expect((await hangs.logs?.(rig.one, 1))?.kind ?? 'unknown').toBe('unknown');
        expect((await hangs.disk?.(rig.one))?.kind ?? 'unknown').toBe('unknown');
      });

      it('whose other end is missing proves nothing, and did nothing', async () => {
        const { missing } = rig.broken;
        const reading = await missing.status(rig.one);
        expect(SILENT).toContain(reading.kind === 'unknown' ? reading.fault : 'it answered');
        for (const verb of ['start', 'kill'] as const)
          expect(await send(verb, undefined, missing)).toMatchObject({ effect: 'none' });
        expect((await missing.logs?.(rig.one, 1))?.kind ?? 'unknown').toBe('unknown');
      });

      it('that is answered with megabytes proves nothing, and keeps none of them', async () => {
        const { endless } = rig.broken;
        const reading = await endless.status(rig.one);
        expect(reading.kind).toBe('unknown');
        expect(reading.kind === 'unknown' ? reading.reason.length : Infinity).toBeLessThan(1_000);
        const reply = await send('start', undefined, endless);
        expect(reply).toMatchObject({ effect: 'maybe' });
        expect(reply.text.length).toBeLessThan(1_000);
      });
    },
  );
}
