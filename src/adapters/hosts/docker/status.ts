import { z } from 'zod';
import type { HostStatus } from '../../../model/host.js';

const inspectDocument = z.compile(
  z.object({
    Id: z.string(),
    RestartCount: z.number().catch(0),
    HostConfig: z
      .object({ RestartPolicy: z.object({ Name: z.string() }) })
      .nullish()
      .catch(null),
    State: z.object({
      Status: z.string().optional(),
      Running: z.boolean().catch(false),
      Paused: z.boolean().catch(false),
      Restarting: z.boolean().catch(false),
      OOMKilled: z.boolean().catch(false),
      ExitCode: z.number().nullish().catch(null),
      StartedAt: z.string().nullish().catch(null),
      FinishedAt: z.string().nullish().catch(null),
    }),
  }),
);

/** Whether the engine starts it again by itself when it ends; unknown is yes. */
export function isRestartedByEngine(json: unknown): boolean {
  const { HostConfig } = inspectDocument.parse(json);
  const name = HostConfig?.RestartPolicy.Name;
  return name !== '' && name !== 'no';
}

/** `GET /containers/NAME/json`. Throws ZodError when it is something else. A restarting or paused container is also "Running". */
export function hostStatusFrom(json: unknown): HostStatus {
  const { Id, RestartCount, State } = inspectDocument.parse(json);
  const state = State.Restarting ? 'restarting' : State.Paused ? 'paused' : State.Running ? 'running' : 'stopped';
  return {
    state,
    id: Id,
    startedAtMs: momentFrom(State.StartedAt),
    finishedAtMs: momentFrom(State.FinishedAt),
    // The engine says 0 while the container runs, which is no exit code.
    exitCode: state === 'stopped' ? (State.ExitCode ?? null) : null,
    oomKilled: State.OOMKilled,
    restartCount: RestartCount,
  };
}

export const ABSENT: HostStatus = {
  state: 'absent',
  id: '',
  startedAtMs: null,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
};

/** The engine's "never" is year 1. */
const momentFrom = (text: string | null | undefined): number | null => {
  const atMs = text === null || text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(atMs) || atMs <= 0 ? null : atMs;
};
