import { describe, expect, it } from 'vitest';
import { hostStatusFrom, isRestartedByEngine } from '../../../../../src/adapters/hosts/docker/status.js';

const container = (state: object, changes: object = {}): object => ({
  Id: 'b208af4f',
  RestartCount: 2,
  State: {
    Status: 'running',
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    ExitCode: 0,
    ...state,
  },
  ...changes,
});

describe('a container', () => {
  it('that runs has a start, no end and no exit code', () => {
    const status = hostStatusFrom(
      container({ StartedAt: '2026-11-22T19:25:15.91537282Z', FinishedAt: '0001-01-01T00:00:00Z' }),
    );
    expect(status).toEqual({
      state: 'running',
      id: 'b208af4f',
      startedAtMs: Date.UTC(2026, 10, 22, 19, 25, 15, 915),
      finishedAtMs: null,
      exitCode: null,
      oomKilled: false,
      restartCount: 2,
    });
  });

  it('that was killed for its memory tells so', () => {
    const state = {
      Status: 'exited',
      Running: false,
      OOMKilled: true,
      ExitCode: 137,
      FinishedAt: '2026-11-22T19:26:00Z',
    };
    expect(hostStatusFrom(container(state))).toMatchObject({ state: 'stopped', exitCode: 137, oomKilled: true });
  });

  it.each([
    [{ Running: true, Paused: true }, 'paused'],
    [{ Running: true, Restarting: true }, 'restarting'],
    [{ Status: 'created', Running: false }, 'stopped'],
    [{ Status: 'dead', Running: false }, 'stopped'],
  ])('with %j is %s', (state, word) => {
    expect(hostStatusFrom(container(state)).state).toBe(word);
  });

  it.each([{}, { Id: 'x' }, [], null, { message: 'no' }])('is not %j', (json) => {
    expect(() => hostStatusFrom(json)).toThrow();
  });
});

describe('whether the engine starts a container again by itself', () => {
  it.each([
    ['no', false],
    ['', false],
    ['always', true],
    ['unless-stopped', true],
    ['on-failure', true],
  ])('%j: %s', (Name, isRestarted) => {
    expect(isRestartedByEngine(container({}, { HostConfig: { RestartPolicy: { Name } } }))).toBe(isRestarted);
  });

  it('is taken for yes where the engine does not say', () => {
    for (const HostConfig of [undefined, null, {}, 'none'])
      expect(isRestartedByEngine(container({}, { HostConfig }))).toBe(true);
  });
});
