import type { EkimiConfig } from '../model/config.js';
import { fromJson, toJson } from '../model/json.js';
import { HIDDEN, secretsOf, withoutSecrets } from './secrets.js';

/** Takes our secrets out of what leaves: a line of the journal or of the log, a body of the API, a ledger. */
export interface Redactor {
  /** Words for people. */
  readonly text: (text: string) => string;
  /** A document as JSON, or metrics: its strings, those of its keys too. What stands without quotes, numbers above all, stays as it is. */
  readonly json: (json: string) => string;
  /** A value of which `toJson` makes that document. The very same one where no secret is in it. */
  readonly value: <T>(value: T) => T;
}

const SHORT = 8;
const verbatim = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

const unicode = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

function urlText(secret: string): string {
  const url = new URL('http://h');
  url.password = secret;
  return url.password;
}

/** How a secret may stand in a text: as it is, in JSON (as Python, Go and we write it, and in JSON within JSON), in an address. */
function formsOf(secret: string): readonly string[] {
  const json = jsonText(secret);
  return [
    secret,
    json,
    jsonText(json),
    json.replaceAll(/[^\0-\x7f]/g, unicode),
    json.replaceAll(/[<>&\u2028\u2029]/g, unicode),
    encodeURIComponent(secret),
    urlText(secret),
  ].filter((form) => form !== '');
}

/** A short secret only as a word of its own, or half of what is written would be hidden. */
const patternOf = (form: string): string =>
  form.length < SHORT ? `(?<![\\p{L}\\p{N}_])${verbatim(form)}(?![\\p{L}\\p{N}_])` : verbatim(form);

/** A cut leaves this much of a secret at least before it counts as one that was cut. */
const LEAST_LEFT = 4;
/** Keys and certificates are too long to be looked for letter by letter, and begin alike. */
const LONGEST_CUT = 200;

/**
 * What a cut (an excerpt of an answer, a message of 200 characters) leaves of a secret that lay across it: its beginning, with nothing of a
 * word behind it. Beginnings that the configuration spells out elsewhere are ordinary words.
 */
const beginningsOf = (form: string, open: string): readonly string[] =>
  form.length > LONGEST_CUT
    ? []
    : Array.from({ length: Math.max(0, form.length - LEAST_LEFT) }, (_, index) => form.slice(0, LEAST_LEFT + index))
        .filter((beginning) => !open.includes(jsonText(beginning)))
        .map((beginning) => `(?<![\\p{L}\\p{N}_])${verbatim(beginning)}(?![\\p{L}\\p{N}_+/=%-])`);

type Words = (text: string) => string;

const formsOfAll = (secrets: readonly string[]): readonly string[] =>
  [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);

/** Whole secrets. */
function replacingWhole(secrets: readonly string[]): Words {
  if (secrets.length === 0) return (text) => text;
  const whole = new RegExp(formsOfAll(secrets).map(patternOf).join('|'), 'gu');
  return (text) => text.replace(whole, HIDDEN);
}

/** Whole secrets, and what a cut has left of one. */
function replacing(secrets: readonly string[], open: string): Words {
  const whole = replacingWhole(secrets);
  const beginnings = formsOfAll(secrets)
    .flatMap((form) => beginningsOf(form, open))
    .sort((a, b) => b.length - a.length);
  if (beginnings.length === 0) return whole;
  const cut = new RegExp(beginnings.join('|'), 'gu');
  return (text) => whole(text).replace(cut, HIDDEN);
}

/** One word of lower-case letters, or a short number: it may be the word for a state, or the number of a port. */
const isOrdinary = (secret: string): boolean => /^(?:[a-z]{1,12}|\d{1,7})$/.test(secret);

/** A name, a state, a code, a figure, a version: no words around it, and no place where a library puts a password. */
const FACT = /^[\p{L}\p{N}]+(?:[-_./][\p{L}\p{N}]+)*$/u;
/** As `toJson` writes one. */
const POSITION = /^lsn:[0-9A-F]+\/[0-9A-F]+$/;

const STRING = /"(?:[^"\\]|\\.)*"/g;

/** Whether anything may have to be replaced: with what any match begins, as it stands in JSON. */
function beginningOf(secrets: readonly string[]): RegExp | null {
  const starts = secrets.flatMap(formsOf).map((form) => jsonText(Array.from(form).slice(0, LEAST_LEFT).join('')));
  return starts.length === 0 ? null : new RegExp([...new Set(starts)].map(verbatim).join('|'));
}

/**
 * Replaces every secret of the configuration by a word: as it is, as in JSON, as in an address, and what a cut has left of it. A password
 * that the configuration spells out elsewhere (`postgres` of the user postgres) is left: hiding that word would hide names, and the password
 * from nobody. In a document an ordinary word or number (`running`) is left where it stands alone: there it is a fact, which the next start
 * and every screen depend on, and the gap in its place would tell the password.
 */
export const redactorOf = (config: EkimiConfig): Redactor => {
  const { secrets, open } = knownOf(config);
  return redactorFor(secrets, open);
};

interface Known {
  readonly secrets: readonly string[];
  /** All that the configuration spells out. */
  readonly open: string;
}

function knownOf(config: EkimiConfig): Known {
  const open = JSON.stringify(withoutSecrets(config));
  return { secrets: secretsOf(config).filter((secret) => !open.includes(jsonText(secret))), open };
}

/** That of a process whose secrets are renewed while it runs. */
export interface LearningRedactor extends Redactor {
  /**
   * From now on the secrets of that configuration are hidden as well. What was one before stays hidden for `KEPT_RENEWALS` of them: answers to the
   * former may still come.
   */
  readonly learn: (config: EkimiConfig) => void;
}

/**
 * So many renewals a former secret stays hidden. What may still bear one, an answer on its way or a client that sends it again, is minutes old, so one
 * would do where tokens are renewed at once; eight are enough where each of several is renewed by a SIGHUP of its own. Without an end, a token that is
 * renewed each hour would cost each line that leaves a longer search, for as long as the process runs.
 */
export const KEPT_RENEWALS = 8;

/** Whoever in the process lets anything out holds this very one, so that none of them misses what is learned. */
export function learningRedactorOf(config: EkimiConfig): LearningRedactor {
  const first = knownOf(config);
  let { open } = first;
  /** In which renewal each was last part of a configuration. Those of the start are in use until the end, but for the tokens. */
  let lastIn = new Map(first.secrets.map((secret) => [secret, Infinity]));
  let renewals = 0;
  let current = redactorFor(first.secrets, open);
  return {
    text: (text) => current.text(text),
    json: (json) => current.json(json),
    value: (value) => current.value(value),
    learn: (next) => {
      const also = knownOf(next);
      const isNew = also.secrets.some((secret) => !lastIn.has(secret));
      if (isNew) renewals += 1;
      for (const secret of also.secrets) lastIn.set(secret, Math.max(lastIn.get(secret) ?? 0, renewals));
      if (!isNew && also.open === open) return;
      ({ open } = also);
      lastIn = new Map([...lastIn].filter(([, renewal]) => renewal >= renewals - KEPT_RENEWALS));
      current = redactorFor([...lastIn.keys()], open);
    },
  };
}

function redactorFor(secrets: readonly string[], open: string): Redactor {
  const text = replacing(secrets, open);
  const hard = secrets.filter((secret) => !isOrdinary(secret));
  // A name of a field or a state that happens to begin as a secret does is no cut of it: hidden, no entry could be read any more.
  const facts = replacingWhole(hard);
  const begins = beginningOf(secrets);

  const string: Words = (said) => {
    if (POSITION.test(said)) return said;
    return FACT.test(said) ? facts(said) : text(said);
  };
  const json: Words = (document) => {
    if (begins?.test(document) !== true) return document;
    return document.replace(STRING, (token) => {
      if (!begins.test(token)) return token;
      const said = JSON.parse(token) as string;
      const safe = string(said);
      return safe === said ? token : JSON.stringify(safe);
    });
  };
  return {
    text,
    json,
    value: <T>(value: T): T => {
      if (begins === null) return value;
      const document = toJson(value);
      const safe = json(document);
      return safe === document ? value : (fromJson(safe) as T);
    },
  };
}
