/**
 * Whole numbers as one word without separators, six bits a letter, small ones in one (the "base 64 VLQ" of source maps, here for numbers up to
 * 2^53). Signed ones carry their sign in the lowest bit.
 */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const MORE = 32;
const NO_LETTER = -1;
const VALUES = new Int8Array(128).fill(NO_LETTER);
for (let value = 0; value < LETTERS.length; value += 1) VALUES[LETTERS.charCodeAt(value)] = value;

export function wordOf(unsigned: number): string {
  let word = '';
  let rest = unsigned;
  do {
    const low = rest % MORE;
    rest = Math.floor(rest / MORE);
    word += LETTERS.charAt(rest > 0 ? low + MORE : low);
  } while (rest > 0);
  return word;
}

/** Beyond this a sign would cost the exactness of the number. */
export const MOST_SIGNED = 2 ** 51;

export const signedWordOf = (signed: number): string => wordOf(signed < 0 ? -signed * 2 - 1 : signed * 2);

/** Reads such words one after the other. */
export class WordReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  unsigned(): number {
    let [value, weight] = [0, 1];
    for (;;) {
      const digit = VALUES[this.#text.charCodeAt(this.#at)] ?? NO_LETTER;
      if (digit === NO_LETTER) throw new Error('a number is cut off, or no number');
      this.#at += 1;
      value += (digit % MORE) * weight;
      if (digit < MORE) return value;
      weight *= MORE;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}
