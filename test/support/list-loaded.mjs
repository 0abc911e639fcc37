// `node --import` this: the program runs from its sources, and LOADED_FILE says in the end what was loaded, a line each: the URL of a module,
// the path of a required file, the name of a part of Node itself.
import { readFileSync, appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const file = process.env.LOADED_FILE;
// The hooks run in a thread of their own, which alone needs the compiler.
const ts = isMainThread ? null : (await import('typescript')).default;

function compiled(path) {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };
  return ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText;
}

/** Sources name each other as they are called once they are built. */
export function resolve(specifier, context, next) {
  const isOurs = specifier.startsWith('.') && (context.parentURL ?? '').endsWith('.ts');
  return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  appendFileSync(file, `${url}\n`);
  if (!url.endsWith('.ts')) return next(url, context);
  const source = compiled(fileURLToPath(url));
  return { format: 'module', shortCircuit: true, source };
}

if (isMainThread) {
  register(import.meta.url);
  const before = new Set(Object.keys(createRequire(import.meta.url).cache));
  process.on('exit', () => {
    const required = Object.keys(createRequire(import.meta.url).cache).filter((path) => !before.has(path));
    appendFileSync(file, [...required, ...process.moduleLoadList, ''].join('\n'));
  });
}
