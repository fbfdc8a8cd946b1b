import { SealedValue, type Arguments } from '../../drivers/index.ts';
import type { Binding, Definition } from '../../connectors/index.ts';
import { canonicalJson, type Json } from '../../kernel/index.ts';
import type { Shaped } from '../../tools/index.ts';
import type { Example, Replayed } from './impact.ts';
import { compareReply, type KeptReply } from './compare-reply.ts';
import type { Served, Serving } from './serving.ts';

/** One of the last calls, opened. */
export type KeptCall = {
  callId: string;
  packId: string | null;
  /** As the caller named it. */
  tool: string;
  registeredUserId: string | null;
  /** It ended well: it was let through by the rules of its time. */
  wasLetThrough: boolean;
  /** Null: not kept. `withheld` are fields whose values the service calls secret. */
  sent: { arguments: Json; withheld: readonly string[] } | null;
  reply: KeptReply;
};

type Verdict = { outcome: 'refused' | 'changed'; reason: string } | { outcome: 'undecidable' } | null;

const shown = 5;
const undecidable = { outcome: 'undecidable' } as const;
const changed = (reason: string): Verdict => ({ outcome: 'changed', reason });
const refused = (reason: string): Verdict => ({ outcome: 'refused', reason });

/** Tries calls on how their tools would be served, against how they are served now. Pure. */
export function replay(calls: readonly KeptCall[], before: Serving, after: Serving): Replayed {
  const count = { refused: 0, changed: 0, undecidable: 0 };
  const examples: Example[] = [];
  for (const call of calls) {
    const was = before(call);
    // Refused as things are: nothing about it changes.
    const verdict = was && judge(call, was, after(call));
    if (!verdict) continue;
    count[verdict.outcome] += 1;
    if (verdict.outcome === 'undecidable') continue;
    examples.push({ callId: call.callId, tool: was!.compiled.slug, ...verdict });
  }
  const inOrder = examples.toSorted((left, right) => rank(left) - rank(right));
  return { calls: calls.length, ...count, examples: inOrder.slice(0, shown) };
}

const rank = ({ outcome }: Example): number => (outcome === 'refused' ? 0 : 1);

function judge(call: KeptCall, was: Served, is: Served | null): Verdict {
  if (is && was.fingerprint === is.fingerprint) return null;
  const { sent } = call;
  if (!sent || sent.withheld.length > 0) return judgeUnread(call, was, is);
  const past = was.compiled.shape(sent.arguments);
  if (!is) return past.ok ? refused('The tool is not there any more.') : null;
  const next = is.compiled.shape(sent.arguments);
  if (!next.ok) return past.ok ? refused(sentenceOf(next)) : null;
  const asks = asksFirst(is, next.arguments);
  if (!past.ok)
    return changed(`It is refused now and would ${asks ? 'ask a person first' : 'be let through'}.`);
  if (asks !== asksFirst(was, past.arguments)) return asks ? wouldAsk : wouldAskNobody;
  return compareSent(was, past.arguments, is, next.arguments) ?? judgeRest(call, was, is);
}

const asksFirst = ({ compiled }: Served, args: Arguments): boolean => compiled.asks?.(args) ?? false;
const wouldAsk = refused('It would ask a person first.');
const wouldAskNobody = changed('It asks a person first now and would be let through.');

/** A call whose arguments cannot be looked at: what does not hang on them. */
function judgeUnread(call: KeptCall, was: Served, is: Served | null): Verdict {
  if (!is) return call.wasLetThrough ? refused('The tool is not there any more.') : undecidable;
  if (!call.wasLetThrough) return undecidable;
  if (was.confirmation === false && is.confirmation === true) return wouldAsk;
  if (was.inputFingerprint !== is.inputFingerprint) return undecidable;
  if (canonicalJson(was.confirmation) === canonicalJson(is.confirmation)) return judgeRest(call, was, is);
  return was.confirmation === true && is.confirmation === false ? wouldAskNobody : undecidable;
}

function judgeRest({ reply }: KeptCall, was: Served, is: Served): Verdict {
  // With another account the service may say anything.
  if (was.authScope !== is.authScope) return undecidable;
  const compared = compareReply(reply, was.responseMap, is.responseMap);
  if (compared === 'undecidable') return undecidable;
  return compared === 'changed' ? changed('The reply would hold other fields.') : null;
}

function compareSent(was: Served, past: Arguments, is: Served, next: Arguments): Verdict {
  const moved = [...new Set([...Object.keys(past), ...Object.keys(next)])].filter(
    (field) => wireOf(past, field) !== wireOf(next, field),
  );
  if (moved.length > 0) return changed(`Other values would be sent: ${moved.map(quoted).join(', ')}.`);
  const fields = Object.keys(next);
  const place = ({ compiled }: Served): string =>
    canonicalJson([compiled.target, bindingOf(compiled.binding, fields)]);
  return place(was) === place(is) ? null : changed('It would be sent in another way.');
}

function wireOf(args: Arguments, field: string): string | null {
  if (!Object.hasOwn(args, field)) return null;
  const value = args[field]!;
  return value instanceof SealedValue ? `sealed ${value.secretId}` : canonicalJson(value);
}

/** How a call with these fields travels: what it says of others makes no difference to it. */
function bindingOf(binding: Binding, fields: readonly string[]): Definition['binding'] {
  if (binding.kind === 'mcp') return binding;
  const members = binding.body?.members ?? null;
  const sent = Object.entries(members ?? {}).filter(([field]) => fields.includes(field));
  return {
    ...binding,
    parameters: binding.parameters.filter(({ field }) => fields.includes(field)),
    body: binding.body && { ...binding.body, members: members && Object.fromEntries(sent), encoding: {} },
  };
}

const quoted = (field: string): string =>
  JSON.stringify(field.length > 60 ? `${field.slice(0, 60)}…` : field);

/** Why a call would be refused, in names of fields: the sentence that its agent gets may hold values. */
function sentenceOf({ reason, field }: Extract<Shaped, { ok: false }>): string {
  const name = field === null ? 'A field' : quoted(field);
  switch (reason) {
    case 'pinned':
    case 'hidden':
      return `${name} is set by the operator and was sent.`;
    case 'forbidden_key':
      return `${name} is restricted by the operator.`;
    case 'narrowed':
      return `${name} has a value that it may no longer have.`;
    case 'invalid':
      return field === null ? 'The arguments do not fit the service.' : `${name} does not fit the service.`;
    case 'unknown_field':
      return `${name} is no field of the tool any more.`;
    case 'pin_vanished':
      return `${name} is pinned and no longer there.`;
    case 'pin_invalid':
      return `The value that ${name} is pinned to does not fit the service.`;
  }
}
