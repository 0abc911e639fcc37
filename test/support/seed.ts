import fc from 'fast-check';

/** The same cases in every run of the suite: a red one is a fault, not a draw. `npm run explore` sets another. */
const FIXED_SEED = 20_260_115;

const asked = Number(process.env['EKIMI_SEED'] ?? FIXED_SEED);
if (!Number.isInteger(asked)) throw new Error(`EKIMI_SEED is ${process.env['EKIMI_SEED'] ?? ''}, not a whole number`);
fc.configureGlobal({ seed: asked });
