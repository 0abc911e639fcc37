const HEADER_BYTES = 8;

/**
 * The body of `GET /containers/NAME/logs` as lines, oldest first. Without a terminal the engine sends frames: a byte for the stream (0 to
 * 2), three zeros, four bytes of length, the text. A container with a terminal sends the text bare, and engines before API 1.42 give both
 * the same content type, so that only the bytes tell. Output and errors stay in the order in which the engine has them.
 */
export function logLinesFrom(body: Buffer): readonly string[] {
  const lines = (framesIn(body) ?? body).toString('utf8').split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Null: not one frame after the other up to the end. */
function framesIn(body: Buffer): Buffer | null {
  const texts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    if (at + HEADER_BYTES > body.length || body.readUInt32BE(at) % 0x1000000 !== 0 || (body[at] ?? 3) > 2) return null;
    const end = at + HEADER_BYTES + body.readUInt32BE(at + 4);
    if (end > body.length) return null;
    texts.push(body.subarray(at + HEADER_BYTES, end));
    at = end;
  }
  return Buffer.concat(texts);
}
