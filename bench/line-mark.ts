/*
 * Every line of the source carries one mark: `@` and the time it was written, in microseconds of the machine's
 * monotonic clock (the same for all processes), as 15 digits. A reader finds it in any framing without parsing JSON.
 * Nothing else in a line has an `@`.
 */
export const markByte = 0x40;
export const markDigits = 15;

/** Now, in microseconds; comparable between the processes of one machine. */
export function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Writes the 15 digits of a time at an offset. */
export function writeMark(target: Uint8Array, offset: number, micros: number): void {
  let rest = micros;
  for (let at = offset + markDigits - 1; at >= offset; at -= 1) {
    target[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** The time that stands after a mark at `offset`. */
export function readMark(source: Uint8Array, offset: number): number {
  let micros = 0;
  for (let at = offset + 1; at <= offset + markDigits; at += 1) micros = micros * 10 + ((source[at] ?? 0x30) - 0x30);
  return micros;
}
