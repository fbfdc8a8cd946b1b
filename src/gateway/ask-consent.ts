import type { CredentialRef } from '../drivers/index.ts';
import { isObject, type Json } from '../kernel/index.ts';
import type { CompiledView } from './compile-view.ts';
import type { MissingCredential } from './compiled-tool.ts';
import type { ConsentLink, ConsentLinks } from './consent-links.ts';
import type { Unsigned } from './dispatch-signed.ts';
import type { CallRecording } from './records.ts';
import { reauthRequired, sentence, signInLink } from './refusals.ts';
import type { CallAnswer, CallRequest, NeededConsent, ToolResult, ViewTool } from './types.ts';

/** `authenticate_<slug>`: what an agent calls to get the link by which its user connects an account. */
export type ConsentTool = {
  connectionId: string;
  connectionNickname: string;
  missing: MissingCredential & { consent: NonNullable<MissingCredential['consent']> };
};

/** Connection slugs hold no double underscore, so a prefixed pack has no other tool of this name. */
export const consentToolName = (connectionSlug: string): string => `authenticate_${connectionSlug}`;

/** The tool as agents see it. */
export function describeConsentTool(name: string, { connectionNickname, missing }: ConsentTool): ViewTool {
  const whose = missing.consent.owner.type === 'company' ? 'the account of their company' : 'their account';
  const tool = {
    name,
    title: `Connect ${connectionNickname}`,
    description:
      `${connectionNickname} is not connected for this user, and its tools do not work until it is. Answers ` +
      `magic_link_url, a page the user opens in a browser to connect ${whose}. Takes no arguments.`,
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  };
  return { name, json: JSON.stringify(tool) };
}

type Deps = { consentLinks: ConsentLinks };

/** Stands for a link in what is kept of a call: whoever has the link can use it. */
const hidden: ConsentLink = { url: '***', expiresAt: new Date(0) };

/** A call of `authenticate_<slug>`. */
export async function answerConsentTool(
  deps: Deps,
  request: CallRequest,
  view: CompiledView,
  tool: ConsentTool,
  recording: CallRecording,
): Promise<CallAnswer> {
  const { callId } = recording;
  const stray = strayArgument(request.arguments);
  await recording.start();
  if (stray !== null) {
    const result = sentence(stray);
    recording.end({ outcome: 'failed', reason: 'invalid', ...nothingSent, served: textOf(result) });
    return { callId, result };
  }
  const link = await linkFor(deps, request, view, tool, recording);
  const { connectionNickname } = tool;
  const served = textOf(signInLink(connectionNickname, hidden));
  recording.end({ outcome: 'ok', reason: null, ...nothingSent, served });
  return { callId, result: signInLink(connectionNickname, link) };
}

/** A call that lacks its credential: denied, with the link where this user may connect the account. */
export async function refuseMissing(
  deps: Deps,
  request: CallRequest,
  view: CompiledView,
  tool: { connectionId: string; connectionNickname: string },
  missing: MissingCredential,
  recording: CallRecording,
): Promise<CallAnswer> {
  const { callId } = recording;
  const { reason, hasLapsed, consent } = missing;
  await recording.start();
  const link = consent
    ? await linkFor(deps, request, view, { ...tool, missing: { ...missing, consent } }, recording)
    : null;
  const resultWith = (shown: ConsentLink | null): ToolResult =>
    reauthRequired(reason, tool.connectionNickname, {
      hasLapsed,
      ...(shown ? { link: shown.url } : {}),
    });
  recording.end({ outcome: 'denied', reason, ...nothingSent, served: textOf(resultWith(link && hidden)) });
  const result = resultWith(link);
  return link ? { callId, result, needsConsent: consentOf(tool, link) } : { callId, result };
}

/**
 * A call whose credential turned out to be of no use: the service refused it, or it has run out and cannot be renewed.
 * The user is given the link at once, unless it may come back by itself.
 */
export async function answerLapsed(
  deps: Deps,
  request: CallRequest,
  view: CompiledView,
  tool: { connectionId: string; connectionNickname: string },
  { lapsed, credential, upstreamMs }: Unsigned,
  recording: CallRecording,
): Promise<CallAnswer> {
  const { callId } = recording;
  const { reason, message } = lapsed;
  const end = (result: ToolResult): void =>
    recording.end({ outcome: 'failed', reason, upstreamMs, bytesRaw: null, served: textOf(result) });
  const consent = lapsed.isPassing ? null : consentFor(credential);
  if (!consent) {
    const result = lapsed.isPassing
      ? sentence(message, { error: reason, error_reason: reason, message })
      : reauthRequired(reason, tool.connectionNickname, { hasLapsed: true, missing: lapsed.missing });
    end(result);
    return { callId, result };
  }
  const missing = { kind: 'missing', reason, hasLapsed: true, consent } as const;
  const link = await linkFor(deps, request, view, { ...tool, missing }, recording);
  const resultWith = (shown: ConsentLink): ToolResult =>
    reauthRequired(reason, tool.connectionNickname, {
      hasLapsed: true,
      missing: lapsed.missing,
      link: shown.url,
    });
  end(resultWith(hidden));
  // Nothing here can tell when an account that works has got more: a protocol that waits would not wait.
  if (lapsed.missing) return { callId, result: resultWith(link) };
  return { callId, result: resultWith(link), needsConsent: consentOf(tool, link) };
}

/** Whose account it is says by which scope it is signed in with; the organization's is not the user's to connect. */
function consentFor({ holder }: CredentialRef): MissingCredential['consent'] {
  if (!holder || holder.owner.type === 'organization') return null;
  const { owner } = holder;
  return { owner, authScope: owner.type === 'user' ? 'INDIVIDUAL' : 'SHARED' };
}

const nothingSent = { upstreamMs: 0, bytesRaw: null } as const;

async function linkFor(
  { consentLinks }: Deps,
  { caller }: CallRequest,
  view: CompiledView,
  { connectionId, missing }: ConsentTool,
  recording: CallRecording,
): Promise<ConsentLink> {
  try {
    const { userId, packId } = view;
    return await consentLinks.linkFor(caller, { connectionId, userId, packId, ...missing.consent });
  } catch (error) {
    recording.end({ outcome: 'failed', reason: 'no_link', ...nothingSent, served: null });
    throw error;
  }
}

const consentOf = (
  tool: { connectionId: string; connectionNickname: string },
  link: ConsentLink,
): NeededConsent => ({
  connectionId: tool.connectionId,
  message: `${tool.connectionNickname} is not connected for you. Open this page to connect your account.`,
  ...link,
});

function strayArgument(args: unknown): string | null {
  if (args === undefined) return null;
  if (!isObject(args as Json)) return 'The arguments must be an object.';
  const [field] = Object.keys(args as object);
  return field === undefined ? null : `This tool takes no arguments: ${field.slice(0, 64)} is not one.`;
}

const textOf = ({ content: [block] }: ToolResult): string => (block as { text: string }).text;
