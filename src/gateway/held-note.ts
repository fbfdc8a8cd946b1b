import { heldChange, type Tool } from '../tools/index.ts';

/**
 * What a call that fails is told beside the failure where the service has changed the tool in a way that may be why;
 * null: it has not.
 */
export function heldNote(tool: Tool): string | null {
  const held = heldChange(tool);
  const mayBreak = held?.class === 'breaking' || held?.class === 'permission';
  return mayBreak
    ? 'The service has changed this tool since it was accepted; the newer version waits for review.'
    : null;
}

/** A result with that sentence as one more block. */
export function withNote<Result extends { content: readonly unknown[] }>(
  result: Result,
  note: string | null,
): Result {
  if (note === null) return result;
  return { ...result, content: [...result.content, { type: 'text', text: note }] };
}
