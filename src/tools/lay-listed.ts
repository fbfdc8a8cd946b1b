import type { Definition } from '../connectors/index.ts';
import type { DriftPolicy } from '../connections/index.ts';
import { canonicalJson } from '../kernel/index.ts';
import { classifyChange, type ChangeClass } from './classify-change.ts';
import { definitionFlags } from './definition-flags.ts';
import type { Tool } from './tool.ts';

/** What of a tool's row moves. Absent leaves. */
export type Laid = {
  definition?: Definition;
  newest?: Definition | null;
  acceptedAt?: Date | null;
  heldSince?: Date | null;
  vanishedAt?: Date | null;
  isEnabled?: boolean;
};

/** How a known tool came out of a listing. */
export type Outcome = {
  laid: Laid;
  /** What the service says differs from what it said last. */
  became: 'added' | 'changed' | 'removed' | null;
  /** What is served, or would be once enabled, is another than before. */
  moved: boolean;
};

const asItWas: Outcome = { laid: {}, became: null, moved: false };

/** A known tool that is listed, under the name it has here. */
export function layListed(tool: Tool, listed: Definition, policy: DriftPolicy, now: Date): Outcome {
  const wasAcceptedGone = tool.acceptedAt !== null && tool.vanishedAt !== null && tool.heldSince === null;
  if (tool.acceptedAt === null || wasAcceptedGone) return layUnaccepted(tool, listed, policy, now);
  const hasReturned = tool.vanishedAt !== null;
  const kind = classifyChange(tool.accepted, listed).class;
  const isNews = hasReturned || classifyChange(tool.newest ?? tool.accepted, listed).class !== null;
  const became = isNews ? 'changed' : null;
  if (kind === null) {
    if (tool.heldSince === null) return asItWas;
    return { laid: { newest: null, heldSince: null, vanishedAt: null }, became, moved: false };
  }
  if (accepts(policy, kind, tool.accepted, listed)) {
    const laid = { definition: listed, newest: null, acceptedAt: now, heldSince: null, vanishedAt: null };
    return { laid, became, moved: true };
  }
  const isKnown = !hasReturned && tool.newest !== null && same(tool.newest, listed);
  if (isKnown && tool.heldSince !== null) return asItWas;
  const laid = { newest: listed, heldSince: tool.heldSince ?? now, vanishedAt: null };
  return { laid, became, moved: false };
}

/** Nobody has said yes to it, or somebody has said yes to its going: it is as new. */
function layUnaccepted(tool: Tool, listed: Definition, policy: DriftPolicy, now: Date): Outcome {
  const isBack = tool.vanishedAt !== null;
  const isNews = isBack || classifyChange(tool.accepted, listed).class !== null;
  const became = isBack ? 'added' : isNews ? 'changed' : null;
  if (policy === 'follow') {
    const laid = { definition: listed, newest: null, acceptedAt: now, heldSince: null, vanishedAt: null };
    return { laid, became, moved: true };
  }
  if (!isBack && tool.heldSince !== null && same(tool.accepted, listed)) return asItWas;
  const heldSince = (isBack ? null : tool.heldSince) ?? now;
  const laid = { definition: listed, newest: null, acceptedAt: null, heldSince, vanishedAt: null };
  return { laid: isBack ? { ...laid, isEnabled: false } : laid, became, moved: false };
}

/** A known tool that is not listed any more. */
export function layMissing(tool: Tool, policy: DriftPolicy, now: Date): Outcome {
  if (tool.vanishedAt !== null) {
    if (policy !== 'follow' || tool.heldSince === null) return asItWas;
    return { laid: { newest: null, heldSince: null }, became: null, moved: true };
  }
  // What nobody had accepted leaves nothing behind to accept.
  if (tool.acceptedAt === null) {
    return { laid: { vanishedAt: now, heldSince: null }, became: 'removed', moved: false };
  }
  if (policy === 'follow') {
    return { laid: { vanishedAt: now, newest: null, heldSince: null }, became: 'removed', moved: true };
  }
  return { laid: { vanishedAt: now, heldSince: tool.heldSince ?? now }, became: 'removed', moved: false };
}

const acceptedBy: Readonly<Record<DriftPolicy, readonly ChangeClass[]>> = {
  hold: [],
  accept_text: ['text'],
  accept_compatible: ['text', 'widening'],
  follow: ['text', 'widening', 'breaking', 'permission'],
};

/** Words that speak to the model wait for a person under every policy that asks one at all. */
function accepts(policy: DriftPolicy, kind: ChangeClass, before: Definition, after: Definition): boolean {
  if (!acceptedBy[policy].includes(kind)) return false;
  const known = definitionFlags(before);
  return policy === 'follow' || definitionFlags(after).every((flag) => known.includes(flag));
}

const same = (one: Definition, other: Definition): boolean => canonicalJson(one) === canonicalJson(other);
