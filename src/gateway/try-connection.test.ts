import assert from 'node:assert/strict';
import { it } from 'node:test';
import { usualPatience } from './try-connection.ts';

it('a try is answered within 30 seconds, with time left to say so', () => {
  assert.ok(usualPatience > 0);
  assert.ok(usualPatience <= 28_000, `${usualPatience}`);
});
