import { z } from 'zod';
import type { Access } from '../auth.js';
import type { Route } from '../context.js';
import { API_ERRORS } from '../errors.js';
import { STREAM_QUERY } from '../events.js';
import { ANSWERS } from './answers.js';
import { SHAPES } from './names.js';

type Schema = Readonly<Record<string, unknown>>;

/** An OpenAPI 3.1 document: JSON. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Schema;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
  readonly components: Readonly<Record<string, Schema>>;
}

/** Paths that are no rows of the table of routes, because their answers are no JSON. */
const OTHERS: readonly (Omit<Route, 'handle'> & { readonly type: string; readonly answer: string })[] = [
  {
    method: 'GET',
    path: '/metrics',
    access: 'viewer',
    summary: 'For Prometheus.',
    type: 'text/plain',
    answer: "Metrics in Prometheus' text format.",
  },
  {
    method: 'GET',
    path: '/v1/events',
    access: 'viewer',
    summary: 'Every cluster as it is, then what changes, as it changes.',
    type: 'text/event-stream',
    schema: STREAM_QUERY,
    answer: [
      'Events with `data` in JSON: `snapshot` (a cluster as a pass left it), `entry` (a line of the journal) and `heartbeat`, every five seconds.',
      'With `?form=changes` a `snapshot` comes once; then `change` says how `{overview, run, snapshot}` of state `of` became that of `seq`, in the form in which the journal keeps differences (`src/journal/restore.ts`).',
      'Ids are of one run of the process. With `Last-Event-ID` only what came since is sent; an id of another run, or too old a one, is answered with every cluster as it is.',
    ].join(' '),
  },
];

const PLACE = '#/components/schemas/';
const DESCRIPTION = [
  'Ekimi watches PostgreSQL clusters run by Patroni, and acts on them within a policy.',
  'A GET changes nothing. A change needs a bearer token with the role for it. Within v1 fields may be added to an answer: a client must pass over what it does not know.',
  'Times are milliseconds since 1970, sizes bytes. Each answer has our own time in the header x-ekimi-time.',
].join('\n\n');

/** The names of a path's parameters, as it stands in fastify's notation. */
const parametersIn = (path: string): readonly string[] =>
  [...path.matchAll(/:([a-z]+)/gi)].map(([, name]) => name ?? '');
const openPath = (path: string): string => path.replace(/:([a-z]+)/gi, '{$1}');

/** `getV1ClustersScopeOverview`: what a generated client calls it. */
const operationIdOf = (method: string, path: string): string =>
  method.toLowerCase() +
  path
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Words of zod that say nothing in this document. */
function plain({ $schema: _schema, $id: _id, ...schema }: Schema): Schema {
  return schema;
}

/** The name of each shape in the document: its own, or that of the first answer or body that has it. */
function namesOf(routes: readonly Route[]): ReadonlyMap<z.ZodType, string> {
  const names = new Map<z.ZodType, string>();
  const add = (shape: z.ZodType | undefined, name: string): void => {
    if (shape !== undefined && !names.has(shape)) names.set(shape, name);
  };
  for (const [name, shape] of Object.entries(SHAPES)) add(shape, name);
  for (const { method, path, schema } of routes) {
    const id = operationIdOf(method, path);
    add(schema?.body, `${id}Body`);
    for (const [status, shape] of Object.entries(ANSWERS[`${method} ${path}`] ?? {})) add(shape, `${id}${status}`);
  }
  return names;
}

type Names = ReturnType<typeof namesOf>;

/** `closed`: what is not stated is not allowed. */
function schemasOf(names: Names, closed: boolean): Readonly<Record<string, Schema>> {
  const registry = z.registry<{ id: string }>();
  for (const [shape, id] of names) registry.add(shape, { id });
  const made = z.toJSONSchema(registry, { uri: (id) => `${PLACE}${id}`, io: closed ? 'output' : 'input' });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, plain(schema as Schema)]));
}

const jsonOf = (names: Names, shape: z.ZodType | null): Schema => ({
  'application/json': { schema: shape === null ? {} : { $ref: `${PLACE}${names.get(shape) ?? ''}` } },
});

const STATUS_WORDS: Readonly<Record<number, string>> = {
  200: 'As asked.',
  202: 'Begun; the answer names its id.',
  409: 'Refused as things stand.',
  503: 'Not now: the body has the reasons.',
};

function answersOf({ method, path }: Pick<Route, 'method' | 'path'>, names: Names): Schema {
  const rows = Object.entries(ANSWERS[`${method} ${path}`] ?? { 200: null }).map(([status, shape]) => [
    status,
    { description: STATUS_WORDS[Number(status)] ?? 'As asked.', content: jsonOf(names, shape) },
  ]);
  return { ...(Object.fromEntries(rows) as Schema), default: { $ref: '#/components/responses/Error' } };
}

function queryOf(schema: Route['schema']): readonly Schema[] {
  if (schema?.querystring === undefined) return [];
  const { properties = {} } = z.toJSONSchema(schema.querystring);
  return Object.entries(properties).map(([name, one]) => ({ name, in: 'query', required: false, schema: one }));
}

const ROLE_WORDS: Readonly<Record<Access, string>> = {
  open: 'Anybody may ask.',
  viewer: 'Needs the role viewer; from this host no token, unless api.openOnLoopback is false.',
  operator: 'Needs the role operator.',
  approver: 'Needs the role approver; operator will do where no token has that role.',
  recovery: 'Needs the role recovery.',
};
const securityOf = (access: Access): readonly Schema[] =>
  access === 'open' ? [] : access === 'viewer' ? [{}, { token: [] }] : [{ token: [] }];

function operationOf(route: Omit<Route, 'handle'>, names: Names, responses: Schema): Schema {
  const { method, path, access, summary, schema } = route;
  const parameters = [
    ...parametersIn(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...queryOf(schema),
  ];
  return {
    operationId: operationIdOf(method, path),
    summary,
    description: ROLE_WORDS[access],
    security: securityOf(access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(schema?.body === undefined ? {} : { requestBody: { required: true, content: jsonOf(names, schema.body) } }),
    responses,
  };
}

const errorText = API_ERRORS.map(({ code, status, meaning }) => `- \`${code}\` (${status}): ${meaning}`).join('\n');

/**
 * The document of these routes. With `closed` an object may hold nothing that is not stated: tests hold our own answers to that, while a
 * client must not.
 */
export function openApiOf(routes: readonly Route[], { closed = false } = {}): OpenApiDocument {
  const names = namesOf(routes);
  const paths: Record<string, Record<string, Schema>> = {};
  const add = (route: Omit<Route, 'handle'>, responses: Schema): void => {
    (paths[openPath(route.path)] ??= {})[route.method.toLowerCase()] = operationOf(route, names, responses);
  };
  for (const route of routes) add(route, answersOf(route, names));
  for (const { type, answer, ...route } of OTHERS)
    add(route, {
      200: { description: answer, content: { [type]: { schema: { type: 'string' } } } },
      default: { $ref: '#/components/responses/Error' },
    });
  return {
    openapi: '3.1.0',
    info: { title: 'Ekimi', version: 'v1', description: DESCRIPTION },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of api.tokens.' } },
      responses: {
        Error: {
          description: `What went wrong and what to do. Codes:\n\n${errorText}`,
          content: jsonOf(names, SHAPES.Error),
        },
      },
      schemas: schemasOf(names, closed),
    },
  };
}
