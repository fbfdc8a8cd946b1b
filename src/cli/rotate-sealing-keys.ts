import type { RotationStep } from '../main.ts';
import { misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';
import { number, plural } from './write-text.ts';

/** Runs the rotation on the database itself, and says how far it is. */
export async function rotateSealingKeys(terminal: Terminal, words: readonly string[]): Promise<number> {
  if (words.length > 0) throw misuse(`“${words[0]}” is one word too many. See: toolcrib keys --help`);
  const { rotateKeys } = await import('../main.ts');
  const { organizations, values, unreadable, dropped } = await rotateKeys(terminal.env, (step) =>
    terminal.out(lineOf(step)),
  );
  for (const { organizationId, count } of unreadable) {
    terminal.err(
      `${organizationId}: ${plural(count, 'value')} cannot be opened with any key: the rows were changed in the database. Set these credentials again.`,
    );
  }
  terminal.out(
    `Done: ${plural(organizations, 'organization')}, ${plural(values, 'value')} sealed anew, ${plural(dropped, 'old version')} dropped.`,
  );
  terminal.out('Older versions stay while kept responses or calls are sealed with them.');
  if (terminal.env['TOOLCRIB_MASTER_KEY_PREVIOUS']) {
    terminal.out('TOOLCRIB_MASTER_KEY_PREVIOUS can be removed: nothing needs the old master key any more.');
  }
  return 0;
}

function lineOf(step: RotationStep): string {
  switch (step.kind) {
    case 'resumed':
      return `Going on with the rotation that began at ${step.since.toISOString()}.`;
    case 'rewrapped':
      return `${plural(step.keys, 'key')} of ${plural(step.organizations, 'organization')} wrapped by the current master key.`;
    case 'resealing':
      return `${step.organizationId}: version ${step.version}, ${number(step.done)} of ${number(step.of)} values sealed anew.`;
  }
}
