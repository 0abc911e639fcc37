import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The page's files, by the path under which they are served. A path that is not a row cannot be asked for. */
const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/assets/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
  { path: '/assets/favicon.svg', file: 'favicon.svg', type: 'image/svg+xml' },
  { path: '/assets/app.js', file: 'app.js', type: 'text/javascript; charset=utf-8' },
];

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  readonly content: Buffer;
}

/**
 * Reads all of it once, at the start: a missing file is an error then and not at the first visit. They lie in `dist`, whether this runs from there or
 * from the sources.
 */
export function loadAssets(
  directory = new URL('../../dist/api/dashboard/', import.meta.url),
): Promise<readonly Asset[]> {
  return Promise.all(
    FILES.map(async ({ path, file, type }) => {
      const content = await readFile(new URL(file, directory));
      return {
        path,
        type,
        content,
        etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
      };
    }),
  );
}

/** Nothing from elsewhere, no inline script, no frame, and no way to turn a string into markup. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
