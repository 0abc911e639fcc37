import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify';
import { z } from 'zod';
import { ApiError } from './errors.js';

/** What a route takes. Without a row for a part, the route looks at it itself or not at all. */
export interface RouteSchema {
  readonly body?: z.ZodType;
  readonly querystring?: z.ZodType;
}

/** Goes into the journal. */
export const reason = z.string().max(500).regex(/\S/, 'a reason is more than blanks');

/** The last moment that a date can be, in milliseconds. */
const MOST_MS = 8.64e15;

/** A moment in a query: milliseconds since 1970 or ISO 8601. Throws `bad-request`. */
export function timeOf(name: string, value: string | number): number {
  const text = String(value);
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  // Beyond it there is no date.
  if (Number.isNaN(ms) || Math.abs(ms) > MOST_MS)
    throw new ApiError(
      'bad-request',
      `${name} is ${JSON.stringify(text)}; expected milliseconds since 1970 or ISO 8601`,
    );
  return ms;
}

const LONGEST_FOUND = 60;

/** The field that is wrong, what it should be, and what was found there. */
function sentenceOf(part: string, issue: z.core.$ZodIssue, data: unknown): string {
  const where = [part, ...issue.path].join('.');
  if (issue.code === 'unrecognized_keys') return `${where} has no field ${issue.keys.join(', ')}`;
  const found = issue.path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
  if (found === undefined) return `${where} is missing`;
  return `${where}: ${issue.message}; found ${textOf(found)}`;
}

/** What is nested thousands deep, which 16 KiB can be, has no text. */
function textOf(found: unknown): string {
  try {
    return JSON.stringify(found).slice(0, LONGEST_FOUND);
  } catch {
    return 'what is nested too deep';
  }
}

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

const compile: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = httpPart === 'querystring' ? 'query' : (httpPart ?? 'request');
  return (data: unknown) => {
    const read = schema.safeParse(data ?? {});
    if (read.success) return { value: read.data };
    const [first] = read.error.issues;
    return { error: new ApiError('bad-request', first === undefined ? undefined : sentenceOf(part, first, data)) };
  };
};

/**
 * Shapes are zod's, as everywhere else. With compilers of our own fastify loads neither of its own two: three copies of ajv, some MB of a daemon
 * that has no other use for them.
 */
export const COMPILERS: Compilers = {
  // Its type knows ajv's function alone; what it may be is in fastify's documentation of `setValidatorCompiler`.
  buildValidator: (() => compile) as unknown as NonNullable<Compilers['buildValidator']>,
  // No route describes its answers to fastify: one serialiser writes them all (`setReplySerializer`).
  buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
};
