import { inspect } from 'node:util';

const values = new WeakMap<Plaintext, string>();

/**
 * A secret on its way from the door to the vault. It shows itself nowhere: not in JSON, not in a log, not
 * in an error. Only this room can read it.
 */
export class Plaintext {
  constructor(value: string) {
    values.set(this, value);
  }
  toJSON(): string {
    return '***';
  }
  toString(): string {
    return '***';
  }
  [inspect.custom](): string {
    return 'Plaintext(***)';
  }
}

/** For the vault's own files; index.ts does not pass it on. */
export const reveal = (plaintext: Plaintext): string => values.get(plaintext) ?? '';
